import { describe, expect, it } from 'vitest'
import { createOrdersWorld, order } from './api-world.ts'

const people = {
  externalId: 'o-1',
  userId: 'u-1',
  accountId: 'a-1',
  correlationId: 'c 1',
  tags: { desk: 'two', region: 'eu' },
}

/** One task with all there is to search by, and others that have each of it but one. */
async function filled() {
  const apiWorld = await createOrdersWorld()
  const add = async (fields: object) => (await apiWorld.call('POST', '/v1/tasks', { ...order(), ...fields })).json.id
  const wanted: string = await add(people)
  for (const field of Object.keys(people)) await add({ ...people, [field]: field === 'tags' ? { desk: 'two' } : 'x' })
  await apiWorld.settle()
  const ids = async (query: string) => {
    const { status, json } = await apiWorld.call('GET', `/v1/tasks?${query}`)
    return status === 200 ? json.tasks.map(({ id }: { id: string }) => id) : json.code
  }
  return { ...apiWorld, add, wanted, ids }
}

describe('GET /v1/tasks by', () => {
  it.each(['externalId=o-1', 'userId=u-1', 'accountId=a-1', 'correlationId=c%201'])(
    '%s: five of six',
    async (query) => {
      const { ids, wanted } = await filled()
      const found = await ids(query)
      expect(found).toHaveLength(5)
      expect(found).toContain(wanted)
    },
  )

  it('tags: each that is given must hold', async () => {
    const { ids, wanted } = await filled()
    expect(await ids('tag=desk:two')).toHaveLength(6)
    expect(await ids('tag=desk:two&tag=region:eu')).toHaveLength(5)
    expect(await ids('tag=region%3Aeu&externalId=o-1&userId=u-1&accountId=a-1&correlationId=c%201')).toEqual([wanted])
    expect(await ids('tag=desk:one')).toEqual([])
  })

  it('anything together with command, status and times', async () => {
    const { ids, wanted, call, world } = await filled()
    await call('POST', `/v1/tasks/${wanted}/cancel`)
    const all = 'externalId=o-1&userId=u-1&accountId=a-1&command=order.confirm'
    expect(await ids(`${all}&tag=region:eu&correlationId=c%201&status=canceled`)).toEqual([wanted])
    expect(await ids(`${all}&status=queued`)).toHaveLength(2)
    expect(await ids(`${all}&command=free`)).toBe('bad-request')
    expect(await ids(`externalId=o-1&to=${new Date(world.clock.now()).toISOString()}`)).toEqual([])
    expect(await ids(`externalId=o-1&from=${new Date(world.clock.now() + 1).toISOString()}`)).toEqual([])
  })

  it('a new value after a patch, and no more by the old one', async () => {
    const { ids, wanted, call, settle } = await filled()
    await call('PATCH', `/v1/tasks/${wanted}`, { externalId: 'o-2', tags: null })
    await settle()
    expect(await ids('externalId=o-2')).toEqual([wanted])
    expect(await ids('externalId=o-1')).not.toContain(wanted)
    expect(await ids('tag=region:eu')).not.toContain(wanted)
  })

  it('finds also tasks of a command that no worker has any more', async () => {
    const { ids, wanted, putWorker, call } = await filled()
    await putWorker('orders', [{ name: 'free' }])
    expect(await ids('externalId=o-1')).toContain(wanted)
    expect((await call('GET', '/v1/tasks?accountId=a-1')).json.tasks).toHaveLength(5)
  })

  it.each([
    'tag=desk',
    'tag=:two',
    `tag=${'k'.repeat(64)}:${'v'.repeat(257)}`,
    Array.from({ length: 21 }, (_, index) => `tag=a:${index}`).join('&'),
    'externalId=',
    `userId=${'u'.repeat(129)}`,
    'externalId=a&externalId=b',
    'tags=desk:two',
    'status=done',
  ])('%s: refused', async (query) => {
    const { ids } = await filled()
    expect(await ids(query)).toBe('bad-request')
  })
})

describe('a cursor', () => {
  it('is of the whole query, and does not mind the order of its tags', async () => {
    const { call } = await filled()
    const query = 'tag=desk:two&tag=region:eu&limit=2'
    const { cursor } = (await call('GET', `/v1/tasks?${query}`)).json
    const next = async (text: string) => (await call('GET', `/v1/tasks?${text}&cursor=${cursor}`)).json
    expect((await next(query)).tasks).toHaveLength(2)
    expect((await next('limit=5&tag=region:eu&tag=desk:two')).tasks).toHaveLength(3)
    for (const other of ['tag=desk:two', `${query}&userId=u-1`, `${query}&status=queued`, 'externalId=o-1']) {
      expect((await next(other)).code).toBe('bad-cursor')
    }
  })
})

it('openapi tells every parameter, and that tags may be given several times', async () => {
  const { call } = await createOrdersWorld()
  const { parameters } = (await call('GET', '/v1/openapi.json')).json.paths['/v1/tasks'].get
  const names = parameters.map(({ name }: { name: string }) => name)
  expect(names).toEqual(expect.arrayContaining(['tag', 'externalId', 'userId', 'accountId', 'correlationId', 'cursor']))
  const tag = parameters.find(({ name }: { name: string }) => name === 'tag')
  expect(tag).toMatchObject({ in: 'query', required: false, schema: { type: 'array', items: { type: 'string' } } })
})
