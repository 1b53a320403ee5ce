import { describe, expect, it } from 'vitest'
import { spans } from '#core/contract/limits'
import { type ApiWorld, createApiWorld, createOrdersWorld, order } from './api-world.ts'

const idsOf = (tasks: readonly { id: string }[]) => tasks.map(({ id }) => id)

/** All pages of a query; between two of them `meanwhile` happens. */
async function walk({ call }: ApiWorld, query: string, meanwhile = async () => {}): Promise<string[]> {
  const found: string[] = []
  let cursor = ''
  for (let pages = 0; pages < 100; pages++) {
    const page = await call('GET', `/v1/tasks?${query}${cursor}`)
    expect(page.status).toBe(200)
    found.push(...idsOf(page.json.tasks))
    if (page.json.cursor === undefined) return found
    cursor = `&cursor=${page.json.cursor}`
    await meanwhile()
  }
  throw new Error('the walk does not end')
}

async function filled(count: number): Promise<ApiWorld & { readonly ids: readonly string[] }> {
  const apiWorld = await createOrdersWorld()
  const ids: string[] = []
  for (let index = 0; index < count; index++) {
    // Several in one millisecond, some of another command.
    if (index % 3 === 0) await apiWorld.world.clock.advance(1)
    const body = index % 2 === 0 ? order(`o-${index}`) : { command: 'free' }
    ids.push((await apiWorld.call('POST', '/v1/tasks', body)).json.id)
  }
  await apiWorld.settle()
  return { ...apiWorld, ids }
}

describe('GET /v1/tasks', () => {
  it('tells every task once, newest first, while others are created', async () => {
    const apiWorld = await filled(40)
    const meanwhile = async () => {
      await apiWorld.world.clock.advance(1)
      await apiWorld.call('POST', '/v1/tasks', order())
      await apiWorld.settle()
    }
    const all = await walk(apiWorld, 'limit=7', meanwhile)
    expect(all).toHaveLength(40)
    expect(new Set(all)).toEqual(new Set(apiWorld.ids))
    const orders = await walk(apiWorld, `limit=7&command=order.confirm&to=${iso(apiWorld, 1)}`, meanwhile)
    expect(new Set(apiWorld.ids.filter((_, index) => index % 2 === 0)).size).toBe(20)
    expect(orders).toEqual(expect.arrayContaining(apiWorld.ids.filter((_, index) => index % 2 === 0)))
    expect(new Set(orders).size).toBe(orders.length)
  })

  it('keeps to status and times', async () => {
    const apiWorld = await createOrdersWorld()
    const { call, world, settle } = apiWorld
    const first = (await call('POST', '/v1/tasks', order())).json.id
    await world.clock.advance(60_000)
    const second = (await call('POST', '/v1/tasks', order())).json.id
    await call('POST', `/v1/tasks/${first}/cancel`)
    await settle()
    expect(await walk(apiWorld, 'status=canceled')).toEqual([first])
    expect(await walk(apiWorld, 'status=queued')).toEqual([second])
    expect(await walk(apiWorld, 'status=failed')).toEqual([])
    expect(await walk(apiWorld, `from=${iso(apiWorld, 0)}`)).toEqual([second])
    expect(await walk(apiWorld, `to=${iso(apiWorld, 0)}`)).toEqual([first])
    expect(await walk(apiWorld, 'command=free')).toEqual([])
    expect(await walk(apiWorld, 'command=nobody.knows')).toEqual([])
  })

  it.each([
    ['to', '9999-12-31T23:59:59Z', 1],
    ['to', '2300-01-01T00:00:00Z', 1],
    ['from', '2300-01-01T00:00:00Z', 0],
    ['from', '0001-01-01T00:00:00Z', 1],
    ['to', '0001-01-01T00:00:00Z', 0],
  ])('%s=%s tells %i task', async (name, time, count) => {
    const apiWorld = await createOrdersWorld()
    await apiWorld.call('POST', '/v1/tasks', order())
    await apiWorld.settle()
    expect(await walk(apiWorld, `${name}=${time}`)).toHaveLength(count)
  })

  it('does not tell what is unlisted, and no more what is removed', async () => {
    const apiWorld = await createOrdersWorld()
    const { call, settle } = apiWorld
    const hidden = (await call('POST', '/v1/tasks', { ...order(), unlisted: true })).json.id
    const removed = (await call('POST', '/v1/tasks', order())).json.id
    await call('POST', `/v1/tasks/${removed}/cancel`)
    await call('DELETE', `/v1/tasks/${removed}`)
    await settle()
    expect(await walk(apiWorld, 'limit=1')).toEqual([])
    expect((await call('GET', `/v1/tasks/${hidden}`)).status).toBe(200)
  })

  it('crosses months', async () => {
    const apiWorld = await createOrdersWorld()
    const old = (await apiWorld.call('POST', '/v1/tasks', { ...order(), retentionSeconds: 86_400 })).json.id
    await apiWorld.settle()
    await apiWorld.world.clock.advance(70 * spans.dayMs)
    const young = (await apiWorld.call('POST', '/v1/tasks', order())).json.id
    await apiWorld.settle()
    expect(await walk(apiWorld, 'limit=1')).toEqual([young, old])
  })
})

describe('a cursor', () => {
  it.each([
    ['broken', 'x!'],
    ['made up', Buffer.from('{"q":"0","a":"1"}').toString('base64url')],
    ['of another query', ''],
    ['too long', 'a'.repeat(513)],
  ])('is refused when it is %s', async (_, given) => {
    const apiWorld = await filled(4)
    const page = await apiWorld.call('GET', '/v1/tasks?limit=1&command=free')
    const refused = await apiWorld.call('GET', `/v1/tasks?limit=1&cursor=${given || page.json.cursor}`)
    expect(refused).toMatchObject({ status: 400, json: { code: given.length > 512 ? 'bad-request' : 'bad-cursor' } })
  })

  it('goes on with another limit', async () => {
    const apiWorld = await filled(4)
    const page = await apiWorld.call('GET', '/v1/tasks?limit=1')
    const rest = await apiWorld.call('GET', `/v1/tasks?limit=100&cursor=${page.json.cursor}`)
    expect([...idsOf(page.json.tasks), ...idsOf(rest.json.tasks)]).toHaveLength(4)
  })
})

it('asks for a command where there are too many to merge', async () => {
  const { call, putWorker } = await createApiWorld()
  await putWorker(
    'w',
    Array.from({ length: 101 }, (_, index) => ({ name: `c${index}` })),
  )
  const refused = await call('GET', '/v1/tasks')
  expect(refused).toMatchObject({ status: 400, json: { code: 'bad-request' } })
  expect(refused.json.detail).toContain('?command=')
  expect((await call('GET', '/v1/tasks?command=c7')).status).toBe(200)
})

function iso({ world }: ApiWorld, aheadMs: number): string {
  return new Date(world.clock.now() + aheadMs).toISOString()
}
