import { createServer } from 'node:net'
import { expect, it, vi } from 'vitest'
import { type ClientOptions, createClient, type TaskuraiError, WaitOverError } from '#client/index'
import { limits } from '#core/contract/limits'
import { hubKey, problem, type Script, startScriptedHub, taskOf } from '../support/scripted-hub.ts'

/** A client whose clock only moves when it pauses. */
async function startWorld(script: Script, options: ClientOptions = {}) {
  const startedAt = Date.now()
  let now = startedAt
  const pauses: number[] = []
  const pause = async (ms: number): Promise<void> => {
    pauses.push(ms)
    now += ms
  }
  const hub = await startScriptedHub(script, () => now)
  const system = { now: () => now, pause, chance: () => 0.5 }
  const client = createClient({ endpoint: hub.endpoint, credentials: hubKey, ...system, ...options })
  return {
    ...{ hub, client, pauses },
    advance: (ms: number) => {
      now += ms
    },
    elapsed: () => now - startedAt,
    [Symbol.asyncDispose]: () => hub[Symbol.asyncDispose](),
  }
}

const failure = async (call: Promise<unknown>): Promise<TaskuraiError> => {
  const error = await call.then(
    () => undefined,
    (thrown: TaskuraiError) => thrown,
  )
  if (error === undefined) throw new Error('The call succeeded.')
  return error
}

const busy = (status: number, retryAfter?: string) => ({
  ...problem(status, status === 429 ? 'too-many' : 'unavailable', 'busy'),
  headers: retryAfter === undefined ? {} : { 'retry-after': retryAfter },
})

it('submits under the command, signed and with a key of its own', async () => {
  await using world = await startWorld(() => ({ status: 202, body: taskOf() }))
  const { client, hub } = world
  const task = await client.submit('order.confirm', { orderId: '1' }, { subject: 'Grüße', startAfter: { seconds: 5 } })
  await client.submit('order.confirm', {})
  expect(task.id).toBe('01K9Z0000000000000000000AB')
  const [first, second] = hub.seen
  expect(first).toMatchObject({
    method: 'POST',
    path: '/v1/commands/order.confirm/tasks',
    isSigned: true,
    body: { arguments: { orderId: '1' }, subject: 'Grüße', startAfter: { seconds: 5 } },
  })
  expect(first?.headers['idempotency-key']).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/)
  expect(second?.headers['idempotency-key']).toBeDefined()
})

it('makes keys that differ, by real chance', async () => {
  await using hub = await startScriptedHub(() => ({ status: 202, body: taskOf() }))
  const client = createClient({ endpoint: hub.endpoint, credentials: hubKey })
  await Promise.all(Array.from({ length: 50 }, () => client.submit('a', {})))
  expect(new Set(hub.seen.map(({ headers }) => headers['idempotency-key'])).size).toBe(50)
})

it.each([429, 500, 502, 503, 504])('tries again on %d with the same key, each try signed anew', async (status) => {
  const script: Script = (_, count) => (count < 3 ? { status } : { status: 202, body: taskOf() })
  await using world = await startWorld(script)
  await world.client.submit('a', {})
  expect(world.pauses).toEqual([100, 200])
  expect(world.hub.seen.map(({ isSigned }) => isSigned)).toEqual([true, true, true])
  expect(new Set(world.hub.seen.map(({ headers }) => headers['idempotency-key'])).size).toBe(1)
})

it.each([
  ['seconds', () => '7', 7_100],
  ['a date', () => new Date(Math.ceil(Date.now() / 1_000) * 1_000 + 10_000).toUTCString(), 10_100],
])('waits as long as Retry-After says in %s', async (_, header, expected) => {
  const script: Script = (_, count) => (count === 1 ? busy(503, header()) : { body: taskOf() })
  await using world = await startWorld(script)
  await world.client.get('1')
  expect(world.pauses[0]).toBeGreaterThanOrEqual(expected - 1_100)
  expect(world.pauses[0]).toBeLessThanOrEqual(expected + 1_100)
})

it('gives up at once where Retry-After lies beyond its time, and passes it on', async () => {
  await using world = await startWorld(() => busy(429, '3600'))
  const error = await failure(world.client.get('1'))
  expect(error).toMatchObject({ code: 'too-many', status: 429, retryAfterSeconds: 3_600 })
  expect(world.hub.seen).toHaveLength(1)
})

it('gives up after its tries', async () => {
  await using world = await startWorld(() => busy(503), { tries: 4 })
  expect(await failure(world.client.submit('a', {}))).toMatchObject({ code: 'unavailable', status: 503 })
  expect(world.hub.seen).toHaveLength(4)
})

it.each([
  [422, 'invalid-arguments'],
  [409, 'idempotency-conflict'],
  [404, 'not-found'],
  [413, 'too-large'],
  [400, 'bad-json'],
])('does not try again on %d and says what the hub said', async (status, code) => {
  const issues = [{ field: '/arguments/email', message: 'is no address' }]
  await using world = await startWorld(() => problem(status, code, 'The arguments do not fit', { issues }))
  const error = await failure(world.client.submit('a', {}))
  expect(error).toMatchObject({ name: 'TaskuraiError', code, status, detail: 'The arguments do not fit', issues })
  expect(error.message).toBe('The arguments do not fit\n/arguments/email: is no address')
  expect(world.hub.seen).toHaveLength(1)
})

it.each([
  [403, '{"message":"Forbidden"}', 'forbidden', /Forbidden/],
  [404, '<html>nothing</html>', 'not-found', /HTTP 404.*<html>/],
  [418, '', 'bad-request', /HTTP 418/],
  [403, '[1', 'forbidden', /HTTP 403/],
])('makes sense of an answer %d that is no problem: %s', async (status, body, code, message) => {
  await using world = await startWorld(() => ({ status, body }))
  const error = await failure(world.client.get('1'))
  expect(error).toMatchObject({ code, status, message: expect.stringMatching(message) })
})

it('does not take a web page for a hub', async () => {
  await using world = await startWorld(() => ({ body: '<html>' }), { tries: 1 })
  expect(await failure(world.client.get('1'))).toMatchObject({ code: 'bad-answer', detail: /not JSON. Is it a hub/ })
})

it('explains a 403 by the key and the allow list', async () => {
  await using world = await startWorld(() => problem(403, 'forbidden', 'this key may not GET /v1/workers'))
  const { message } = await failure(world.client.workers())
  expect(message).toMatch(/this key may not GET \/v1\/workers/)
  expect(message).toMatch(/key TKTEST \(from the option\).*region local.*allow list.*taskurai keys list/)
})

it.each([
  [600_000, /clock is (?:599|600|601) seconds ahead of/],
  [-900_000, /clock is (?:899|900|901) seconds behind/],
])('explains a 403 by a clock that is %d ms off', async (off, expected) => {
  await using hub = await startScriptedHub(() => problem(403, 'forbidden', 'stale'))
  const client = createClient({ endpoint: hub.endpoint, credentials: hubKey, now: () => Date.now() + off })
  expect((await failure(client.get('1'))).message).toMatch(expected)
})

it('says what to check where nobody listens, after some tries', async () => {
  const port = await new Promise<number>((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
  const pauses: number[] = []
  const pause = async (ms: number) => void pauses.push(ms)
  const client = createClient({ endpoint: `http://127.0.0.1:${port}`, credentials: hubKey, pause })
  const error = await failure(client.submit('a', {}))
  expect(error).toMatchObject({ code: 'unreachable', status: undefined, mayBeDone: false })
  expect(error.message).toBe(
    `No hub answers at http://127.0.0.1:${port} (ECONNREFUSED). Is it running? Start it with: npx taskurai serve (or set TASKURAI_ENDPOINT).`,
  )
  expect(pauses).toHaveLength(5)
})

it('tries again where the connection breaks, with the same key', async () => {
  const script: Script = (_, count) => (count === 1 ? { fault: 'cut' } : { status: 202, body: taskOf() })
  await using world = await startWorld(script)
  await world.client.submit('a', {}, { idempotencyKey: 'mine' })
  expect(world.hub.seen.map(({ headers }) => headers['idempotency-key'])).toEqual(['mine', 'mine'])
})

it('gives each try only its time', async () => {
  await using world = await startWorld(() => ({ fault: 'hang' }), { tries: 2, tryTimeoutSeconds: 0.05 })
  const error = await failure(world.client.get('1'))
  expect(error).toMatchObject({
    code: 'timed-out',
    message: expect.stringMatching(/did not answer within 0.05 seconds/),
  })
  expect(world.hub.seen).toHaveLength(2)
})

it('stops at once when the caller does, with the reason given', async () => {
  await using world = await startWorld(() => ({ fault: 'hang' }))
  const controller = new AbortController()
  const waiting = world.client.wait('1', { signal: controller.signal })
  await vi.waitFor(() => expect(world.hub.seen).toHaveLength(1))
  controller.abort(new Error('enough'))
  await expect(waiting).rejects.toThrow('enough')
  expect(world.hub.seen).toHaveLength(1)
})

it.each(['', 'with space', 'grün', 'x'.repeat(129)])('refuses the key %j before anything is sent', async (key) => {
  await using world = await startWorld(() => ({ body: taskOf() }))
  const call = world.client.submit('a', {}, { idempotencyKey: key })
  expect(await failure(call)).toMatchObject({ code: 'bad-call' })
  expect(world.hub.seen).toHaveLength(0)
})

it.each(['', '.', '..'])('refuses %j as an id, which would be another path', async (id) => {
  await using world = await startWorld(() => ({ body: taskOf() }))
  await expect(async () => world.client.get(id)).rejects.toMatchObject({ code: 'bad-call' })
  expect(world.hub.seen).toHaveLength(0)
})

it('says what is missing when it cannot be made', () => {
  const make = () => createClient({ endpoint: 'not a url', credentials: hubKey })
  expect(make).toThrow(expect.objectContaining({ name: 'TaskuraiError', code: 'no-connection' }))
})

it('waits in long polls until the task has ended', async () => {
  const script: Script = (_, count) => {
    world.advance(20_000)
    return { body: count < 4 ? taskOf({ status: 'running' }) : taskOf({ status: 'failed' }) }
  }
  await using world = await startWorld(script)
  const looks: string[] = []
  const ended = await world.client.wait('01K9', { onLook: ({ status }) => looks.push(status) })
  expect(ended.status).toBe('failed')
  expect(looks).toEqual(['running', 'running', 'running', 'failed'])
  expect(world.hub.seen.map(({ path }) => path)).toEqual(Array(4).fill('/v1/tasks/01K9?wait=20'))
  expect(world.pauses).toEqual([])
})

it('is polite to a hub that does not hold its answer, and ends on time', async () => {
  await using world = await startWorld(() => ({ body: taskOf({ status: 'running' }) }))
  const error = await failure(world.client.wait('1', { timeoutSeconds: 2 }))
  expect(error).toBeInstanceOf(WaitOverError)
  expect(error).toMatchObject({ code: 'wait-over', task: { status: 'running' } })
  expect(world.hub.seen).toHaveLength(9)
  expect(world.hub.seen.at(-1)?.path).toBe('/v1/tasks/1')
})

it('looks ever less often at a hub that answers at once, even a slow one, and learns of the end soon enough', async () => {
  const endsAtMs = 60_000
  const script: Script = () => {
    // A function that starts cold takes longer than the least pause.
    world.advance(400)
    return { body: taskOf({ status: world.elapsed() >= endsAtMs ? 'succeeded' : 'running' }) }
  }
  await using world = await startWorld(script)
  await world.client.wait('1')
  expect(world.hub.seen.length).toBeLessThan(25)
  expect(world.elapsed()).toBeLessThan(endsAtMs + 6_000)
  expect(world.pauses.slice(0, 3)).toEqual([250, 262.5, 428.125])
  expect(world.pauses.at(-1)).toBe(5_000)
})

it('goes on waiting while the hub starts again', async () => {
  const script: Script = (_, count) => {
    if (count === 1) world.advance(20_000)
    if (count === 1) return { body: taskOf() }
    return count < 12 ? { fault: 'cut' } : { body: taskOf({ status: 'succeeded' }) }
  }
  await using world = await startWorld(script)
  expect(await world.client.wait('1')).toMatchObject({ status: 'succeeded' })
})

it('cuts what is too much for one batch, in order, and asks for ids only', async () => {
  const script: Script = ({ body }) => {
    const { tasks } = body as { tasks: { arguments: number }[] }
    return { status: 202, body: { tasks: tasks.map((task) => ({ id: `T${task.arguments}` })) } }
  }
  await using world = await startWorld(script)
  const tasks = Array.from({ length: limits.batchTasks + 1 }, (_, index) => ({ command: 'a', arguments: index }))
  const ids = await world.client.submitBatch(tasks, { idempotencyKey: 'mine' })
  expect(ids).toEqual(tasks.map(({ arguments: index }) => `T${index}`))
  const [first, second] = world.hub.seen
  expect(first).toMatchObject({ path: '/v1/commands/a/tasks/batch', isSigned: true })
  expect(first?.headers).toMatchObject({ 'idempotency-key': 'mine', prefer: 'return=minimal' })
  expect(second?.headers['idempotency-key']).toBe('mine.1')
  expect(second?.body).toEqual({ tasks: [{ arguments: 500 }] })
})

it('sends a batch of several commands to the path of all, and large ones in several', async () => {
  const script: Script = ({ body }) => {
    const { tasks } = body as { tasks: object[] }
    return { status: 202, body: { tasks: tasks.map(() => ({ id: 'T' })) } }
  }
  await using world = await startWorld(script)
  const large = 'x'.repeat(200_000)
  const tasks = Array.from({ length: 30 }, (_, index) => ({ command: index < 15 ? 'a' : 'b', arguments: large }))
  expect(await world.client.submitBatch(tasks)).toHaveLength(30)
  expect(world.hub.seen.map(({ path }) => path)).toEqual(['/v1/tasks/batch', '/v1/tasks/batch'])
  expect(await world.client.submitBatch([])).toEqual([])
})

it('does not believe a batch whose ids do not match', async () => {
  await using world = await startWorld(() => ({ status: 202, body: { tasks: [] } }))
  expect(await failure(world.client.submitBatch([{ command: 'a' }]))).toMatchObject({ code: 'bad-answer' })
})

it('walks a list page by page', async () => {
  const script: Script = (_, count) => ({
    body: count < 3 ? { tasks: [taskOf({ id: `T${count}` })], cursor: `c${count}` } : { tasks: [] },
  })
  await using world = await startWorld(script)
  const ids: string[] = []
  for await (const { id } of world.client.listAll({ status: 'failed', from: new Date(0), limit: 1 })) ids.push(id)
  expect(ids).toEqual(['T1', 'T2'])
  const query = 'status=failed&from=1970-01-01T00%3A00%3A00.000Z&cursor=c1&limit=1'
  expect(world.hub.seen[1]?.path).toBe(`/v1/tasks?${query}`)
  expect(world.hub.seen.every(({ isSigned }) => isSigned)).toBe(true)
})

it('takes the echo of a delete and of a retry whose answer was lost for what it is', async () => {
  const lost: Script = (_, count) => (count === 1 ? { fault: 'cut' } : problem(404, 'not-found', 'gone'))
  await using deleting = await startWorld(lost)
  await deleting.client.remove('1')
  const lostRetry: Script = ({ method }, count) => {
    if (count === 1) return { fault: 'cut' }
    return method === 'GET' ? { body: taskOf() } : problem(409, 'conflict', 'is queued')
  }
  await using retrying = await startWorld(lostRetry)
  expect(await retrying.client.retry('1')).toMatchObject({ status: 'queued' })
  await using plain = await startWorld(() => problem(404, 'not-found', 'none'))
  expect(await failure(plain.client.remove('1'))).toMatchObject({ code: 'not-found' })
})

it('speaks each of the other paths', async () => {
  await using world = await startWorld(() => ({ body: { workers: [], commands: [] } }))
  const { client, hub } = world
  await client.patch('1', { subject: null, startAfter: new Date(0) })
  await client.cancel('1', { reason: 'why' })
  await client.workers()
  await client.worker('orders')
  await client.pause('orders')
  await client.resume('orders')
  await client.commands()
  await client.openapi()
  await client.health()
  expect(hub.seen.map(({ method, path, body }) => [method, path, body])).toEqual([
    ['PATCH', '/v1/tasks/1', { subject: null, startAfter: '1970-01-01T00:00:00.000Z' }],
    ['POST', '/v1/tasks/1/cancel', { reason: 'why' }],
    ['GET', '/v1/workers', undefined],
    ['GET', '/v1/workers/orders', undefined],
    ['POST', '/v1/workers/orders/pause', {}],
    ['POST', '/v1/workers/orders/resume', {}],
    ['GET', '/v1/commands', undefined],
    ['GET', '/v1/openapi.json', undefined],
    ['GET', '/healthz', undefined],
  ])
  expect(hub.seen.map(({ isSigned }) => isSigned)).toEqual([...Array(8).fill(true), false])
})

it('keeps its connections', async () => {
  await using world = await startWorld(() => ({ body: taskOf() }))
  for (let count = 0; count < 20; count++) await world.client.get('1')
  expect(world.hub.sockets()).toBe(1)
})

it('goes through any fetch that it is given, and a path in front', async () => {
  const asked: string[] = []
  const fetch: typeof globalThis.fetch = async (input) => {
    asked.push(String(input))
    return Response.json(taskOf())
  }
  const client = createClient({ endpoint: 'http://127.0.0.1:1/stage/', credentials: hubKey, fetch })
  expect(await client.get('1')).toMatchObject({ status: 'queued' })
  expect(asked).toEqual(['http://127.0.0.1:1/stage/v1/tasks/1'])
})
