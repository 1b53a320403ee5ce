import { describe, expect, it } from 'vitest'
import { verifyRequest } from '#adapters/sigv4/verify'
import { systemClock } from '#adapters/system/clock'
import { type Client, createClient, type TaskuraiError } from '#client/index'
import { type ApiWorld, createApiWorld, orderInput } from './api-world.ts'

const region = 'local'
const credentials = { accessKeyId: 'TESTKEY', secretAccessKey: 'test-secret' }

/** The client and the API in one process: what the one signs and says is what the other checks and answers. */
async function connected(upset: (request: Request) => Response | undefined = () => undefined) {
  const apiWorld = await createApiWorld({
    authorize: (raw) => {
      const lookUp = (id: string) => (id === credentials.accessKeyId ? credentials.secretAccessKey : undefined)
      const outcome = verifyRequest({ ...raw, now: systemClock.now(), service: 'execute-api', lookUp })
      if (!outcome.ok) return { ok: false, detail: outcome.message }
      return { ok: true, principal: 'signer', allows: () => true }
    },
  })
  const fetch = async (url: string | URL | Request, init: RequestInit = {}) => {
    const request = new Request(url, init)
    request.headers.set('host', request.headers.get('host') ?? new URL(request.url).host)
    const answer = await apiWorld.api.fetch(request)
    return upset(request) ?? answer
  }
  const pause = async () => {}
  const client = createClient({ endpoint: 'http://hub.example:4400', credentials, region, fetch, pause })
  const manifest = { name: 'orders', commands: [{ name: 'order.confirm', input: orderInput }, { name: 'free' }] }
  await client.putWorker('orders', { manifest } as unknown as Parameters<Client['putWorker']>[1])
  return { ...apiWorld, client }
}

const failure = (call: Promise<unknown>): Promise<TaskuraiError> =>
  call.then(
    () => Promise.reject(new Error('the call succeeded')),
    (error: TaskuraiError) => error,
  )

describe('the client against the API', () => {
  it('submits, waits, and reads the result', async () => {
    const { client, runNext } = await connected()
    const task = await client.submit('order.confirm', { orderId: 'ä/1' }, { subject: 'Grüße' })
    expect(task).toMatchObject({ status: 'queued', createdBy: 'signer', arguments: { orderId: 'ä/1' } })
    const waited = client.wait(task.id)
    await runNext('orders', { output: { pages: 1 } })
    expect(await waited).toMatchObject({ status: 'succeeded', result: { output: { pages: 1 } } })
  })

  it('submits more than one batch takes, in order', async () => {
    const { client } = await connected()
    const tasks = Array.from({ length: 501 }, (_, index) => ({
      command: index === 0 ? 'free' : 'order.confirm',
      arguments: { orderId: `o-${index}` },
    }))
    const ids = await client.submitBatch(tasks)
    expect(new Set(ids).size).toBe(501)
    expect((await client.get(ids[500] ?? '')).arguments).toEqual({ orderId: 'o-500' })
  })

  it('makes one task of a call whose answer was lost', async () => {
    let lost = 0
    const { client, world } = await connected((request) => {
      if (!request.url.endsWith('/tasks') || lost++ > 0) return undefined
      throw new TypeError('the connection broke')
    })
    const task = await client.submit('free', { a: 1 })
    expect(lost).toBe(2)
    expect((await world.queue.depth('orders')).visible).toBe(1)
    expect((await client.get(task.id)).status).toBe('queued')
  })

  it('lists, changes, cancels, runs again and removes', async () => {
    const { client, settle } = await connected()
    const ids = await client.submitBatch(Array.from({ length: 5 }, () => ({ command: 'free' })))
    await settle()
    const listed: string[] = []
    for await (const task of client.listAll({ limit: 2, status: 'queued' })) listed.push(task.id)
    expect(listed.sort()).toEqual([...ids].sort())
    const [id = ''] = ids
    expect(await client.patch(id, { tags: { a: 'b' }, startAfter: new Date(0) })).toMatchObject({ tags: { a: 'b' } })
    expect((await client.cancel(id, { reason: 'test' })).status).toBe('canceled')
    expect((await client.retry(id)).status).toBe('queued')
    await client.cancel(id)
    await client.remove(id)
    expect((await failure(client.get(id))).code).toBe('not-found')
  })

  it('manages workers', async () => {
    const { client } = await connected()
    expect((await client.workers()).map(({ name }) => name)).toEqual(['orders'])
    expect((await client.pause('orders', { reason: 'x' })).paused).toBe(true)
    expect((await client.resume('orders')).paused).toBe(false)
    expect((await client.commands()).map(({ name }) => name)).toEqual(['free', 'order.confirm'])
    expect(await client.health()).toEqual({ ok: true })
    expect((await client.openapi()).openapi).toBe('3.1.0')
  })

  it('gets refusals with their code and fields', async () => {
    const { client } = await connected()
    expect(await failure(client.submit('order.confirm', { orderId: 1 }))).toMatchObject({
      code: 'invalid-arguments',
      status: 422,
      issues: [{ field: '/arguments/orderId', message: 'must be string' }],
    })
    expect((await failure(client.submit('order.none', {}))).code).toBe('unknown-command')
    const first = await client.submit('free', 1, { idempotencyKey: 'k' })
    expect((await client.submit('free', 1, { idempotencyKey: 'k' })).id).toBe(first.id)
    expect((await failure(client.submit('free', 2, { idempotencyKey: 'k' }))).code).toBe('idempotency-conflict')
    expect((await failure(client.list({ cursor: 'x' }))).code).toBe('bad-cursor')
    expect((await failure(client.get('no such id'))).status).toBe(400)
  })
})

it('a world without the key refuses the client', async () => {
  const { api }: ApiWorld = await createApiWorld({ authorize: () => ({ ok: false, detail: 'unknown key' }) })
  const client = createClient({
    endpoint: 'http://hub.example',
    credentials,
    region,
    fetch: (url, init) => api.fetch(new Request(url, init)),
  })
  expect((await failure(client.workers())).code).toBe('forbidden')
})
