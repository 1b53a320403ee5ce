import { describe, expect, it } from 'vitest'
import { limits } from '#core/contract/limits'
import { createOrdersWorld, order } from './api-world.ts'

const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels)
const freeTask = (args: string) => `{"command":"free","arguments":${args}}`

describe('a body from a stranger', () => {
  it.each([
    ['malformed JSON', '{"command": "free",}', 400, 'bad-json'],
    ['nothing', '', 400, 'bad-json'],
    ['invalid UTF-8', new Uint8Array([0x22, 0xff, 0xfe, 0x22]), 400, 'bad-json'],
    ['no object', '[]', 422, 'invalid'],
    ['null', 'null', 422, 'invalid'],
    ['a number that is none', freeTask('1e999'), 422, 'invalid'],
    ['a prototype key', freeTask('{"a":{"__proto__":{"admin":true}}}'), 422, 'invalid'],
    // The task itself is the first level, its arguments are the second.
    ['too deep JSON', freeTask(nested(limits.jsonDepth)), 413, 'too-large'],
    ['JSON as deep as a body can be', nested(2_000_000), 413, 'too-large'],
    ['a wrong type', '{"command": 7}', 422, 'invalid'],
    ['a command name that is none', '{"command": "Order Confirm"}', 422, 'invalid'],
  ])('is refused when it is %s', async (_, body, status, code) => {
    const { call, world } = await createOrdersWorld()
    const refused = await call('POST', '/v1/tasks', body)
    expect(refused).toMatchObject({ status, json: { status, code, type: `urn:taskurai:problem:${code}` } })
    expect(refused.headers.get('content-type')).toBe('application/problem+json')
    expect(JSON.stringify(refused.json)).not.toMatch(/\.ts:|node_modules/)
    expect((await world.queue.depth('orders')).visible).toBe(0)
  })

  it('may be as deep as the limit says', async () => {
    const { call } = await createOrdersWorld()
    expect((await call('POST', '/v1/tasks', freeTask(nested(limits.jsonDepth - 1)))).status).toBe(202)
  })

  it('may hold any number of brackets in strings, however long it is', async () => {
    const { call } = await createOrdersWorld()
    const text = '[{"\\'.repeat(20_000)
    const made = await call('POST', '/v1/tasks', { command: 'free', arguments: [[text]] })
    expect(made.status).toBe(202)
    expect((await call('GET', `/v1/tasks/${made.json.id}`)).json.arguments).toEqual([[text]])
  })

  it('names the fields that nobody knows', async () => {
    const { call } = await createOrdersWorld()
    const refused = await call('POST', '/v1/tasks', { ...order(), subjekt: 'x', 'a/b': 1 })
    expect(refused.status).toBe(422)
    expect(refused.json.issues).toEqual([
      { field: '/subjekt', message: 'is not a known field' },
      { field: '/a~1b', message: 'is not a known field' },
    ])
  })

  it('names each field that is out of bounds', async () => {
    const { call } = await createOrdersWorld()
    const fields = { subject: 'x'.repeat(201), retry: { maxRuns: 0 }, startAfter: 'tomorrow', tags: { a: 1 } }
    const refused = await call('POST', '/v1/tasks', { ...order(), ...fields })
    expect(refused.json.issues.map((issue: { field: string }) => issue.field).sort()).toEqual([
      '/retry/maxRuns',
      '/startAfter',
      '/subject',
      '/tags/a',
    ])
  })

  it('keeps keys that only look dangerous', async () => {
    const { call } = await createOrdersWorld()
    const args = { constructor: { prototype: 1 }, toString: 'x' }
    const made = await call('POST', '/v1/tasks', { command: 'free', arguments: args })
    expect((await call('GET', `/v1/tasks/${made.json.id}`)).json.arguments).toEqual(args)
  })

  it('names at most twenty faults', async () => {
    const { call } = await createOrdersWorld()
    const tasks = Array.from({ length: 100 }, () => ({ command: 'order.confirm', arguments: {} }))
    const refused = await call('POST', '/v1/tasks/batch', { tasks })
    expect(refused.json.issues).toHaveLength(20)
    const unknown = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`f${index}`, 1]))
    expect((await call('POST', '/v1/tasks', { command: 'free', ...unknown })).json.issues).toHaveLength(20)
  })

  it('is not looked through when it is full of fields, tags or tasks', async () => {
    const { call } = await createOrdersWorld()
    const full = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`f${index}`, 'x']))
    const tasks = Array.from({ length: 600_000 }, () => 1)
    const fields = await call('POST', '/v1/tasks', { command: 'free', ...full(100_000) })
    expect(fields.json).toMatchObject({ status: 422, issues: [{ field: '', message: 'has more than 64 fields' }] })
    const tags = await call('POST', '/v1/tasks/batch', { tasks: [{ command: 'free' }, { tags: full(100_000) }] })
    expect(tags.json).toMatchObject({ status: 422, issues: [{ field: '/tasks/1/tags' }] })
    expect(tags.json.detail).toContain('limit tags')
    const batch = await call('POST', '/v1/tasks/batch', { tasks })
    expect(batch.json).toMatchObject({ status: 422, issues: [{ field: '/tasks' }] })
    expect(batch.json.detail).toContain('limit batchTasks')
  })

  it.each([
    ['text/plain', {}],
    ['application/x-www-form-urlencoded', {}],
    ['application/json; charset=latin1', {}],
    ['application/json', { 'content-encoding': 'gzip' }],
  ])('is refused as %s %j', async (type, headers) => {
    const { call } = await createOrdersWorld()
    const refused = await call('POST', '/v1/tasks', order(), { 'content-type': type, ...headers })
    expect(refused).toMatchObject({ status: 400, json: { code: 'bad-request' } })
  })

  it.each(['application/json; charset=utf-8', 'application/merge-patch+json'])('is taken as %s', async (type) => {
    const { call } = await createOrdersWorld()
    expect((await call('POST', '/v1/tasks', order(), { 'content-type': type })).status).toBe(202)
  })
})

describe('a body that is too large', () => {
  const post = (body: BodyInit, headers: Record<string, string> = {}) =>
    new Request('http://hub/v1/tasks', { method: 'POST', body, headers, duplex: 'half' } as RequestInit)

  it('is refused by its declared length, before any of it is read', async () => {
    const { api } = await createOrdersWorld()
    let pulls = 0
    const body = new ReadableStream({ pull: () => void pulls++ }, { highWaterMark: 0 })
    const refused = await api.fetch(post(body, { 'content-length': String(limits.bodyBytes + 1) }))
    expect([refused.status, pulls]).toEqual([413, 0])
  })

  it('is read no further than the limit when its length is not known', async () => {
    const { api } = await createOrdersWorld()
    let pulls = 0
    const chunk = new Uint8Array(1_000_000)
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        pulls++
        controller.enqueue(chunk)
      },
    })
    const refused = await api.fetch(post(body))
    expect(refused.status).toBe(413)
    expect(((await refused.json()) as { code: string }).code).toBe('too-large')
    expect(pulls).toBeLessThan(10)
  })

  it('is taken up to the limit', async () => {
    const { call } = await createOrdersWorld()
    const task = JSON.stringify(order())
    expect((await call('POST', '/v1/tasks', task + ' '.repeat(limits.bodyBytes - task.length))).status).toBe(202)
    expect((await call('POST', '/v1/tasks', task + ' '.repeat(limits.bodyBytes + 1 - task.length))).status).toBe(413)
  })
})

describe('a query', () => {
  it.each([
    ['/v1/tasks?comand=free', '/comand'],
    ['/v1/tasks?limit=0', '/limit'],
    ['/v1/tasks?limit=101', '/limit'],
    ['/v1/tasks?limit=ten', '/limit'],
    ['/v1/tasks?status=done', '/status'],
    ['/v1/tasks?from=yesterday', '/from'],
    ['/v1/workers?x=1', '/x'],
    ['/v1/tasks/01ARZ3NDEKTSV4RRFFQ69G5FAV?wait=21', '/wait'],
    ['/v1/tasks/01ARZ3NDEKTSV4RRFFQ69G5FAV?wait=-1', '/wait'],
    ['/v1/tasks?__proto__=1', '/__proto__'],
  ])('%s is refused and %s named', async (path, field) => {
    const { call } = await createOrdersWorld()
    const refused = await call('GET', path)
    expect(refused).toMatchObject({ status: 400, json: { code: 'bad-request', issues: [{ field }] } })
  })

  it('may not say one thing twice', async () => {
    const { call } = await createOrdersWorld()
    const refused = await call('GET', '/v1/tasks?limit=1&limit=2')
    expect(refused).toMatchObject({ status: 400, json: { detail: expect.stringContaining('limit') } })
  })
})
