import { describe, expect, it } from 'vitest'
import { limits } from '#core/contract/limits'
import { claim } from '#core/tasks/claim'
import { endRun } from '#core/tasks/end-run'
import { type ApiWorld, createOrdersWorld, order } from './api-world.ts'

const absent = '/v1/tasks/01ARZ3NDEKTSV4RRFFQ69G5FAV'

const submitted = async ({ call }: ApiWorld, body: object = order()): Promise<string> =>
  (await call('POST', '/v1/tasks', body)).json.id

/** Takes the next task; what it answers ends that run. */
async function started({ world }: ApiWorld) {
  const [received] = await world.queue.receive({ worker: 'orders', max: 1, holdMs: 60_000, waitMs: 0 })
  if (received === undefined) throw new Error('no bell')
  const outcome = await claim(world, { received, holdMs: 60_000, instance: 'i', run: 'i.1', accepts: () => true })
  if (outcome.kind !== 'run') throw new Error(`the bell said ${outcome.kind}`)
  const error = { code: 'no', message: 'no luck', retryable: false }
  const taskId = outcome.head.id
  return {
    fail: () => endRun(world, { taskId, run: 'i.1', end: { kind: 'fail', error } }),
    succeed: () => endRun(world, { taskId, run: 'i.1', end: { kind: 'succeed', result: { output: 1 } } }),
  }
}

/** A task in each status that the API can bring about or meet. */
const inStatus: Readonly<Record<string, (apiWorld: ApiWorld) => Promise<string>>> = {
  waiting: (apiWorld) => submitted(apiWorld, { ...order(), startAfter: { seconds: 3_600 } }),
  queued: (apiWorld) => submitted(apiWorld),
  running: async (apiWorld) => {
    const id = await submitted(apiWorld)
    await started(apiWorld)
    return id
  },
  succeeded: async (apiWorld) => {
    const id = await submitted(apiWorld)
    await (await started(apiWorld)).succeed()
    return id
  },
  failed: async (apiWorld) => {
    const id = await submitted(apiWorld)
    await (await started(apiWorld)).fail()
    return id
  },
  canceled: async (apiWorld) => {
    const id = await submitted(apiWorld)
    await apiWorld.call('POST', `/v1/tasks/${id}/cancel`)
    return id
  },
}
const made = async (status: string) => {
  const apiWorld = await createOrdersWorld()
  const id = (await inStatus[status]?.(apiWorld)) ?? ''
  expect((await apiWorld.call('GET', `/v1/tasks/${id}`)).json.status).toBe(status)
  return { ...apiWorld, id, path: `/v1/tasks/${id}` }
}

describe('GET /v1/tasks/{id}', () => {
  it('tells why the task does not run', async () => {
    const { call, path } = await made('queued')
    expect((await call('GET', path)).json.waitingFor).toMatchObject({ kind: 'instance' })
  })

  it.each(['01ARZ3NDEKTSV4RRFFQ69G5FAV', 'x', '01arz3ndektsv4rrffq69g5fav'])('knows no task %s', async (id) => {
    const { call } = await createOrdersWorld()
    const none = await call('GET', `/v1/tasks/${id}`)
    expect(none).toMatchObject({ status: 404, json: { code: 'not-found', type: 'urn:taskurai:problem:not-found' } })
    expect(none.headers.get('content-type')).toBe('application/problem+json')
    expect(none.headers.get('cache-control')).toBe('no-store')
  })
})

describe('?wait=', () => {
  const waiting = async () => {
    const apiWorld = await createOrdersWorld()
    const id = await submitted(apiWorld)
    const answer = apiWorld.call('GET', `/v1/tasks/${id}?wait=20`)
    await apiWorld.world.clock.advance(1_000)
    expect(apiWorld.listeners()).toBe(1)
    return { ...apiWorld, id, answer }
  }

  it('answers when the task ends', async () => {
    const { answer, runNext, listeners, world } = await waiting()
    await runNext('orders', { output: 'done' })
    expect((await answer).json).toMatchObject({ status: 'succeeded', result: { output: 'done' } })
    expect(world.clock.monotonicMs()).toBe(1_000)
    expect(listeners()).toBe(0)
  })

  it('answers the task as it stands when the time is over', async () => {
    const { answer, world, listeners } = await waiting()
    await world.clock.advance(19_000)
    expect((await answer).json.status).toBe('queued')
    expect(listeners()).toBe(0)
  })

  it('is over with the connection of who waits', async () => {
    const apiWorld = await createOrdersWorld()
    const id = await submitted(apiWorld)
    const gone = new AbortController()
    const answer = apiWorld.api.fetch(new Request(`http://hub/v1/tasks/${id}?wait=20`, { signal: gone.signal }))
    await apiWorld.world.clock.advance(1)
    gone.abort()
    await answer
    expect(apiWorld.listeners()).toBe(0)
  })

  it('answers at once for a task that has ended or is not there', async () => {
    const { call, path } = await made('succeeded')
    expect((await call('GET', `${path}?wait=20`)).json.status).toBe('succeeded')
    expect((await call('GET', `${absent}?wait=20`)).status).toBe(404)
  })

  it('is bounded in how many wait, and free again when they are done', async () => {
    const apiWorld = await createOrdersWorld()
    const id = await submitted(apiWorld)
    const ask = () => apiWorld.call('GET', `/v1/tasks/${id}?wait=20`)
    const all = Array.from({ length: limits.waiters }, ask)
    await apiWorld.world.clock.advance(1)
    const beyond = await ask()
    expect(beyond).toMatchObject({ status: 429, json: { code: 'too-many' } })
    expect(beyond.headers.get('retry-after')).toBe('1')
    expect(beyond.json.detail).toContain('limit waiters')
    expect((await apiWorld.call('GET', `/v1/tasks/${id}`)).status).toBe(200)
    await apiWorld.runNext('orders')
    expect(new Set((await Promise.all(all)).map(({ json }) => json.status))).toEqual(new Set(['succeeded']))
    expect((await ask()).status).toBe(200)
  })
})

describe('PATCH /v1/tasks/{id}', () => {
  it.each(Object.keys(inStatus))('changes what people read of a %s task', async (status) => {
    const { call, path } = await made(status)
    const changed = await call('PATCH', path, { subject: 'new', tags: { a: 'b' } })
    expect(changed).toMatchObject({
      status: 200,
      json: { status, subject: 'new', tags: { a: 'b' }, modifiedBy: 'tester' },
    })
    const removed = await call('PATCH', path, { subject: null })
    expect(removed.json).not.toHaveProperty('subject')
  })

  it.each([
    ['waiting', 200],
    ['queued', 200],
    ['running', 409],
    ['succeeded', 409],
    ['failed', 409],
    ['canceled', 409],
  ])('of the start times of a %s task answers %i', async (status, code) => {
    const { call, path } = await made(status)
    expect((await call('PATCH', path, { startAfter: { seconds: 7_200 } })).status).toBe(code)
  })

  it('moves the task between waiting and queued', async () => {
    const { call, path } = await made('waiting')
    expect((await call('PATCH', path, { startAfter: null })).json.status).toBe('queued')
    expect((await call('PATCH', path, { startAfter: { seconds: 3_600 } })).json.status).toBe('waiting')
  })

  it('refuses a window that cannot be met, also with the time that stands', async () => {
    const { call, path } = await made('waiting')
    for (const patch of [
      { notStartAfter: { seconds: 60 } },
      { startAfter: { seconds: 90 }, notStartAfter: { seconds: 60 } },
      { startAfter: null, notStartAfter: '2020-01-01T00:00:00Z' },
    ]) {
      const refused = await call('PATCH', path, patch)
      expect(refused).toMatchObject({ status: 422, json: { code: 'invalid', issues: [{ field: '/notStartAfter' }] } })
    }
    expect((await call('PATCH', path, { startAfter: '2999-01-01T00:00:00Z' })).json.issues[0].field).toBe('/startAfter')
    expect((await call('PATCH', path, { notStartAfter: { seconds: 7_200 } })).status).toBe(200)
  })

  it.each([
    ['nothing', {}, ''],
    ['an unknown field', { status: 'succeeded' }, '/status'],
    ['what never changes', { arguments: {} }, '/arguments'],
    ['a field that is too long', { subject: 'x'.repeat(limits.subjectChars + 1) }, '/subject'],
    ['a wrong type', { category: 7 }, '/category'],
  ])('refuses %s', async (_, patch, field) => {
    const { call, path } = await made('queued')
    const refused = await call('PATCH', path, patch)
    expect(refused).toMatchObject({ status: 422, json: { code: 'invalid' } })
    expect(refused.json.issues).toContainEqual({ field, message: expect.any(String) })
  })
})

describe('DELETE /v1/tasks/{id}', () => {
  it.each([
    ['waiting', 409],
    ['queued', 409],
    ['running', 409],
    ['succeeded', 204],
    ['failed', 204],
    ['canceled', 204],
  ])('of a %s task answers %i', async (status, code) => {
    const { call, path } = await made(status)
    const answer = await call('DELETE', path)
    expect(answer.status).toBe(code)
    expect((await call('GET', path)).status).toBe(code === 204 ? 404 : 200)
    if (code === 204) expect((await call('DELETE', path)).status).toBe(404)
    else expect(answer.json).toMatchObject({ code: 'conflict' })
  })
})

describe('POST /v1/tasks/{id}/cancel', () => {
  it.each([
    ['waiting', 202, 'canceled'],
    ['queued', 202, 'canceled'],
    ['running', 202, 'running'],
    ['succeeded', 409, 'succeeded'],
    ['failed', 409, 'failed'],
    ['canceled', 202, 'canceled'],
  ])('of a %s task answers %i and leaves it %s', async (status, code, after) => {
    const { call, path } = await made(status)
    for (const _ of ['once', 'again']) {
      expect((await call('POST', `${path}/cancel`, { reason: 'not needed' })).status).toBe(code)
    }
    const { json } = await call('GET', path)
    expect(json.status).toBe(after)
    if (after === 'running') expect(json.cancelRequested).toBe(true)
    if (status === 'queued') expect(JSON.stringify(json.history)).toContain('not needed')
  })

  it('takes no body, an empty object, and nothing that it does not know', async () => {
    const { call, path } = await made('queued')
    expect((await call('POST', `${path}/cancel`, { why: 'x' })).json.issues[0].field).toBe('/why')
    expect((await call('POST', `${path}/cancel`, { reason: 'x'.repeat(limits.reasonChars + 1) })).status).toBe(422)
    expect((await call('POST', `${path}/cancel`)).status).toBe(202)
    expect((await call('POST', `${absent}/cancel`)).status).toBe(404)
  })
})

describe('POST /v1/tasks/{id}/retry', () => {
  it.each([
    ['waiting', 409, 'has not ended'],
    ['queued', 409, 'has not ended'],
    ['running', 409, 'has not ended'],
    ['succeeded', 409, 'create a new one'],
    ['failed', 202, ''],
    ['canceled', 202, ''],
  ])('of a %s task answers %i', async (status, code, detail) => {
    const { call, path } = await made(status)
    const answer = await call('POST', `${path}/retry`)
    expect(answer.status).toBe(code)
    if (code === 202) expect(answer.json).toMatchObject({ status: 'queued' })
    else expect(answer.json.detail).toContain(detail)
  })

  it('knows no task that is not there', async () => {
    const { call } = await createOrdersWorld()
    expect((await call('POST', `${absent}/retry`)).status).toBe(404)
  })
})
