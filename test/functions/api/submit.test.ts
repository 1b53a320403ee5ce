import { describe, expect, it } from 'vitest'
import { limits } from '#core/contract/limits'
import { Task } from '#core/contract/task'
import { createApiWorld, createOrdersWorld, order } from './api-world.ts'

describe('POST /v1/tasks', () => {
  it('accepts a task: 202, its place, its envelope', async () => {
    const { call } = await createOrdersWorld()
    const { status, headers, json } = await call('POST', '/v1/tasks', {
      ...order(),
      subject: 'Order 1',
      tags: { a: 'b' },
    })
    expect(status).toBe(202)
    expect(headers.get('location')).toBe(`/v1/tasks/${json.id}`)
    expect(Task.parse(json)).toMatchObject({
      command: 'order.confirm',
      version: 1,
      worker: 'orders',
      status: 'queued',
      createdBy: 'tester',
      subject: 'Order 1',
      tags: { a: 'b' },
      arguments: { orderId: 'o-1' },
    })
    expect((await call('GET', headers.get('location') ?? '')).json).toMatchObject({ id: json.id, subject: 'Order 1' })
  })

  it('shows arguments too large for one item as it accepts them', async () => {
    const { call } = await createOrdersWorld()
    const args = { text: 'x'.repeat(20_000) }
    const made = await call('POST', '/v1/tasks', { command: 'free', arguments: args })
    expect(made.json.arguments).toEqual(args)
    expect((await call('GET', `/v1/tasks/${made.json.id}`)).json.arguments).toEqual(args)
  })

  it('takes the highest version when none is named', async () => {
    const { call, putWorker } = await createApiWorld()
    await putWorker('w', [
      { name: 'c', version: 2 },
      { name: 'c', version: 10 },
    ])
    expect((await call('POST', '/v1/tasks', { command: 'c' })).json.version).toBe(10)
    expect((await call('POST', '/v1/tasks', { command: 'c', version: 2 })).json.version).toBe(2)
    const none = await call('POST', '/v1/tasks', { command: 'c', version: 3 })
    expect(none).toMatchObject({ status: 422, json: { code: 'unknown-command' } })
    expect(none.json.detail).toContain('registered: 10, 2')
  })

  it('names the command in the path, and only there', async () => {
    const { call } = await createOrdersWorld()
    const args = { arguments: { orderId: 'o-1' } }
    const made = await call('POST', '/v1/commands/order.confirm/tasks', args)
    expect(made).toMatchObject({ status: 202, json: { command: 'order.confirm' } })
    const twice = await call('POST', '/v1/commands/order.confirm/tasks', { ...args, command: 'free' })
    expect(twice.json.issues).toEqual([{ field: '/command', message: 'is not a known field' }])
  })

  it('starts later when told to, and refuses a window that cannot be met', async () => {
    const { call, world } = await createOrdersWorld()
    const later = await call('POST', '/v1/tasks', { ...order(), startAfter: { seconds: 90 } })
    expect(later.json.startAfter).toBe(new Date(world.clock.now() + 90_000).toISOString())
    const never = await call('POST', '/v1/tasks', {
      ...order(),
      startAfter: { seconds: 90 },
      notStartAfter: { seconds: 60 },
    })
    expect(never).toMatchObject({ status: 422, json: { issues: [{ field: '/notStartAfter' }] } })
  })

  it('refuses times further ahead than the limit, where cutting them down would start the task too early', async () => {
    const { call, world } = await createOrdersWorld()
    const at = (ms: number) => new Date(world.clock.now() + limits.delaySeconds * 1_000 + ms).toISOString()
    expect((await call('POST', '/v1/tasks', { ...order(), startAfter: at(0) })).status).toBe(202)
    for (const name of ['startAfter', 'notStartAfter']) {
      const beyond = await call('POST', '/v1/tasks', { ...order(), [name]: at(1) })
      expect(beyond).toMatchObject({ status: 422, json: { issues: [{ field: `/${name}` }] } })
      expect(beyond.json.detail).toContain('limit delaySeconds')
    }
    const relative = await call('POST', '/v1/tasks', { ...order(), startAfter: { seconds: limits.delaySeconds + 1 } })
    expect(relative).toMatchObject({ status: 422, json: { issues: [{ field: '/startAfter/seconds' }] } })
  })

  it('answers id and status alone when that is preferred', async () => {
    const { call } = await createOrdersWorld()
    const made = await call('POST', '/v1/tasks', order(), { prefer: 'wait=5; Return="minimal"' })
    expect(made.json).toEqual({ id: expect.any(String), status: 'queued' })
    expect(made.headers.get('location')).toBe(`/v1/tasks/${made.json.id}`)
    expect(made.headers.get('preference-applied')).toBe('return=minimal')
    const whole = await call('POST', '/v1/tasks', order(), { prefer: 'xreturn=minimal, return=minimally' })
    expect(whole.json.command).toBe('order.confirm')
  })

  it('holds null against the schema as null', async () => {
    const { call } = await createOrdersWorld()
    const refused = await call('POST', '/v1/tasks', { command: 'order.confirm', arguments: null })
    expect(refused).toMatchObject({ status: 422, json: { issues: [{ field: '/arguments' }] } })
  })

  it('takes no arguments for an empty object where the command allows it', async () => {
    const { call, putWorker } = await createApiWorld()
    await putWorker('w', [
      { name: 'none', input: { type: 'object' } },
      { name: 'text', input: { type: 'string' } },
    ])
    expect((await call('POST', '/v1/tasks', { command: 'none' })).json.arguments).toEqual({})
    expect((await call('POST', '/v1/tasks', { command: 'text' })).json.issues[0].field).toBe('/arguments')
  })

  it('tells which argument does not fit', async () => {
    const { call } = await createOrdersWorld()
    const args = { customer: { email: 7 }, orderId: 'o-1' }
    const wrong = await call('POST', '/v1/tasks', { command: 'order.confirm', arguments: args })
    expect(wrong).toMatchObject({
      status: 422,
      json: {
        type: 'urn:taskurai:problem:invalid-arguments',
        code: 'invalid-arguments',
        status: 422,
        issues: [{ field: '/arguments/customer/email', message: 'must be string' }],
      },
    })
    expect(wrong.headers.get('content-type')).toBe('application/problem+json')
    expect(wrong.json.detail).toContain('/arguments/customer/email')
    const missing = await call('POST', '/v1/tasks', { command: 'order.confirm', arguments: {} })
    expect(missing.json.issues).toEqual([{ field: '/arguments/orderId', message: 'is missing' }])
  })

  it('tells who is registered when nobody knows the command', async () => {
    const { call } = await createOrdersWorld()
    const unknown = await call('POST', '/v1/tasks', { command: 'order.cofirm' })
    expect(unknown).toMatchObject({ status: 422, json: { code: 'unknown-command', issues: [{ field: '/command' }] } })
    expect(unknown.json.detail).toContain('free, order.confirm')
    expect(unknown.json.detail).toContain('PUT /v1/workers/{name}')
  })

  it('takes arguments of just the limit and none beyond', async () => {
    const { call } = await createOrdersWorld()
    const ofBytes = (bytes: number) => ({ command: 'free', arguments: 'ä'.repeat((bytes - 2) / 2) })
    expect((await call('POST', '/v1/tasks', ofBytes(limits.argumentsBytes))).status).toBe(202)
    const beyond = await call('POST', '/v1/tasks', ofBytes(limits.argumentsBytes + 2))
    expect(beyond).toMatchObject({ status: 413, json: { code: 'too-large', issues: [{ field: '/arguments' }] } })
    expect(beyond.json.detail).toContain('argumentsBytes')
  })

  it('says that nobody knows when the store fails', async () => {
    const { call, world } = await createOrdersWorld()
    world.upsets.push('before')
    const failed = await call('POST', '/v1/tasks', order())
    expect(failed).toMatchObject({ status: 503, json: { code: 'unavailable' } })
    expect(failed.headers.get('retry-after')).toBe('1')
    expect(JSON.stringify(failed.json)).not.toContain('the store is away')
  })
})
