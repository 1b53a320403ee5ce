import { describe, expect, it } from 'vitest'
import { limits } from '#core/contract/limits'
import { createOrdersWorld, order } from './api-world.ts'

const key = { 'idempotency-key': 'batch-1' }

describe('POST /v1/tasks/batch', () => {
  it('creates all in order', async () => {
    const { call } = await createOrdersWorld()
    const made = await call('POST', '/v1/tasks/batch', { tasks: [order('a'), { command: 'free' }, order('c')] })
    expect(made.status).toBe(202)
    expect(made.json.tasks.map((task: { command: string }) => task.command)).toEqual([
      'order.confirm',
      'free',
      'order.confirm',
    ])
    expect(made.json.tasks[2].arguments).toEqual({ orderId: 'c' })
  })

  it('answers ids and statuses alone when that is preferred', async () => {
    const { call } = await createOrdersWorld()
    const ask = { prefer: 'respond-async, return=minimal' }
    const made = await call('POST', '/v1/tasks/batch', { tasks: [order('a')] }, ask)
    expect(made.headers.get('preference-applied')).toBe('return=minimal')
    expect(made.json).toEqual({ tasks: [{ id: expect.any(String), status: 'queued' }] })
  })

  it('creates nothing when one task cannot be', async () => {
    const { call, world } = await createOrdersWorld()
    const tasks = Array.from({ length: 30 }, (_, index) => order(`o-${index}`))
    const inArguments = tasks.with(17, { command: 'order.confirm', arguments: { orderId: 'x', customer: {} } })
    const wrong = await call('POST', '/v1/tasks/batch', { tasks: inArguments })
    expect(wrong.status).toBe(422)
    expect(wrong.json.issues).toEqual([{ field: '/tasks/17/arguments/customer/email', message: 'is missing' }])
    const unknown = await call('POST', '/v1/tasks/batch', { tasks: tasks.with(3, { command: 'none', arguments: {} }) })
    expect(unknown.json).toMatchObject({ code: 'unknown-command', issues: [{ field: '/tasks/3/command' }] })
    const window = { ...order('w'), startAfter: { seconds: 9 }, notStartAfter: { seconds: 1 } }
    const late = await call('POST', '/v1/tasks/batch', { tasks: [...tasks, window] })
    expect(late.json.issues).toMatchObject([{ field: '/tasks/30/notStartAfter' }])
    expect((await world.queue.depth('orders')).visible).toBe(0)
  })

  it('takes as many as the limit says', async () => {
    const { call } = await createOrdersWorld()
    const of = (count: number) => ({ tasks: Array.from({ length: count }, () => ({ command: 'free' })) })
    const full = await call('POST', '/v1/tasks/batch', of(limits.batchTasks))
    expect(new Set(full.json.tasks.map((task: { id: string }) => task.id)).size).toBe(limits.batchTasks)
    const beyond = await call('POST', '/v1/tasks/batch', of(limits.batchTasks + 1))
    expect(beyond).toMatchObject({ status: 422, json: { issues: [{ field: '/tasks' }] } })
    expect((await call('POST', '/v1/tasks/batch', of(0))).status).toBe(422)
  })

  it('names the command in the path for all of them', async () => {
    const { call } = await createOrdersWorld()
    const tasks = [{ arguments: { orderId: 'a' } }, { arguments: { orderId: 'b' } }]
    const made = await call('POST', '/v1/commands/order.confirm/tasks/batch', { tasks })
    expect(made).toMatchObject({
      status: 202,
      json: { tasks: [{ command: 'order.confirm' }, { arguments: { orderId: 'b' } }] },
    })
  })

  it('is completed by the same key after the store failed in the middle', async () => {
    const { call, world } = await createOrdersWorld()
    const body = { tasks: [order('a'), order('b'), order('c')] }
    world.upsets.push(undefined, 'before', 'after')
    const failed = await call('POST', '/v1/tasks/batch', body, key)
    expect(failed).toMatchObject({ status: 503, json: { code: 'unavailable' } })
    expect(failed.json.detail).toContain('same Idempotency-Key')
    const made = await call('POST', '/v1/tasks/batch', body, key)
    expect(made.status).toBe(202)
    expect(made.json.tasks.map((task: { arguments: unknown }) => task.arguments)).toEqual([
      { orderId: 'a' },
      { orderId: 'b' },
      { orderId: 'c' },
    ])
    expect((await world.queue.depth('orders')).visible).toBe(3)
  })

  it('makes nothing of a batch that grew under its key', async () => {
    const { call, world } = await createOrdersWorld()
    await call('POST', '/v1/tasks/batch', { tasks: [order('a'), order('b')] }, key)
    const grown = await call('POST', '/v1/tasks/batch', { tasks: [order('a'), order('b'), order('c')] }, key)
    expect(grown).toMatchObject({ status: 409, json: { code: 'idempotency-conflict' } })
    expect((await world.queue.depth('orders')).visible).toBe(2)
  })
})
