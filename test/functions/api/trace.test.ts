import { expect, it } from 'vitest'
import { createOrdersWorld, order } from './api-world.ts'

const own = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
const header = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00'

it('the header counts for tasks that say nothing of their own', async () => {
  const { call } = await createOrdersWorld()
  const traced = { traceparent: header }
  const one = await call('POST', '/v1/tasks', order(), traced)
  expect(one.json.traceParent).toBe(header)
  const { arguments: args } = order()
  const ofCommand = await call(
    'POST',
    '/v1/commands/order.confirm/tasks',
    { arguments: args, traceParent: own },
    traced,
  )
  expect(ofCommand.json.traceParent).toBe(own)
  const batch = { tasks: [order('o-2'), { ...order('o-3'), traceParent: own }] }
  const { json } = await call('POST', '/v1/tasks/batch', batch, traced)
  expect(json.tasks.map(({ traceParent }: { traceParent: string }) => traceParent)).toEqual([header, own])
})

it('a broken header is passed over, a broken field is refused', async () => {
  const { call } = await createOrdersWorld()
  const passed = await call('POST', '/v1/tasks', order(), { traceparent: 'broken' })
  expect(passed).toMatchObject({ status: 202 })
  expect(passed.json).not.toHaveProperty('traceParent')
  const refused = await call('POST', '/v1/tasks', { ...order(), traceParent: 'broken' })
  expect(refused).toMatchObject({ status: 422, json: { code: 'invalid', issues: [{ field: '/traceParent' }] } })
})

it('another trace under the same key is the same call', async () => {
  const { call } = await createOrdersWorld()
  const first = await call('POST', '/v1/tasks', order(), { 'idempotency-key': 'k', traceparent: header })
  const again = await call('POST', '/v1/tasks', order(), { 'idempotency-key': 'k', traceparent: own })
  expect(again.json).toMatchObject({ id: first.json.id, traceParent: header })
})
