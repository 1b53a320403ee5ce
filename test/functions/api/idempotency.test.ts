import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSystemIds } from '#adapters/system/ids'
import { limits } from '#core/contract/limits'
import { canonicalJson, requestHash } from '#functions/api/canonical'
import { idOfKey, idsOfBatchKey } from '#functions/api/task-ids'
import { createOrdersWorld, order } from './api-world.ts'

const keyed = (key: string) => ({ 'idempotency-key': key })
const ids = createSystemIds()

describe('an Idempotency-Key', () => {
  it('gives the same task again, whatever became of it', async () => {
    const { call, runNext } = await createOrdersWorld()
    const first = await call('POST', '/v1/tasks', order(), keyed('k-1'))
    await runNext('orders', { output: { pages: 3 } })
    const again = await call('POST', '/v1/tasks', order(), keyed('k-1'))
    expect(again.status).toBe(202)
    expect(again.headers.get('location')).toBe(`/v1/tasks/${first.json.id}`)
    expect(again.json).toMatchObject({ id: first.json.id, status: 'succeeded', result: { output: { pages: 3 } } })
  })

  it('means the same in the path and in the body, and does not see trace, times or the order of keys', async () => {
    const { call } = await createOrdersWorld()
    const made = await call(
      'POST',
      '/v1/tasks',
      { ...order(), subject: 's', traceParent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' },
      keyed('k-1'),
    )
    const body =
      '{"subject":"s","arguments":{"orderId":"o-1"},"traceParent":"00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01","startAfter":{"seconds":5}}'
    const again = await call('POST', '/v1/commands/order.confirm/tasks', body, keyed('k-1'))
    expect(again).toMatchObject({ status: 202, json: { id: made.json.id } })
  })

  it('refuses another request under it', async () => {
    const { call } = await createOrdersWorld()
    const made = await call('POST', '/v1/tasks', order(), keyed('k-1'))
    const other = await call('POST', '/v1/tasks', order('o-2'), keyed('k-1'))
    expect(other).toMatchObject({ status: 409, json: { code: 'idempotency-conflict' } })
    expect(other.json.detail).toContain(made.json.id)
  })

  it('belongs to its command, and to single tasks or batches', async () => {
    const { call } = await createOrdersWorld()
    const one = await call('POST', '/v1/tasks', order(), keyed('k-1'))
    const free = await call('POST', '/v1/tasks', { command: 'free' }, keyed('k-1'))
    const batch = await call('POST', '/v1/tasks/batch', { tasks: [order()] }, keyed('k-1'))
    expect(new Set([one.json.id, free.json.id, batch.json.tasks[0].id]).size).toBe(3)
  })

  it('finds its task also when the same call would be refused today', async () => {
    const { call, putWorker, world } = await createOrdersWorld()
    const body = { ...order(), notStartAfter: new Date(world.clock.now() + 10_000).toISOString() }
    const made = await call('POST', '/v1/tasks', body, keyed('k-1'))
    const batch = await call('POST', '/v1/tasks/batch', { tasks: [order(), order('o-2')] }, keyed('k-2'))
    await world.clock.advance(11_000)
    expect((await call('POST', '/v1/tasks', body, keyed('k-1'))).json.id).toBe(made.json.id)
    await putWorker('orders', [{ name: 'other' }])
    expect((await call('POST', '/v1/tasks', body, keyed('k-1'))).json.id).toBe(made.json.id)
    const again = await call('POST', '/v1/tasks/batch', { tasks: [order(), order('o-2')] }, keyed('k-2'))
    expect(again.json.tasks.map((task: { id: string }) => task.id)).toEqual(
      batch.json.tasks.map((task: { id: string }) => task.id),
    )
    expect((await call('POST', '/v1/tasks', order('o-3'), keyed('k-1'))).json.code).toBe('unknown-command')
    expect((await call('POST', '/v1/tasks', body, keyed('k-3'))).json.code).toBe('unknown-command')
  })

  it('lets one of two different batches win that come at once, and makes no task of the other', async () => {
    const { call, world } = await createOrdersWorld()
    const many = { tasks: [order('a'), order('b'), order('c'), order('d')] }
    const few = { tasks: [order('x'), order('y')] }
    const [won, lost] = await Promise.all([
      call('POST', '/v1/tasks/batch', few, keyed('k-1')),
      call('POST', '/v1/tasks/batch', many, keyed('k-1')),
    ])
    expect(won.status).toBe(202)
    expect(lost).toMatchObject({ status: 409, json: { code: 'idempotency-conflict' } })
    const heads = [...world.memory.table.all()].filter(({ sk }) => sk === 'HEAD')
    expect(heads).toHaveLength(2)
  })

  it.each([
    ['empty', ''],
    ['with a space', 'a b'],
    ['not ASCII', 'k\u00e4'],
    ['too long', 'k'.repeat(limits.idempotencyKeyChars + 1)],
  ])('is refused when it is %s', async (_, key) => {
    const { call } = await createOrdersWorld()
    const refused = await call('POST', '/v1/tasks', order(), keyed(key))
    expect(refused).toMatchObject({ status: 400, json: { code: 'bad-request' } })
    expect(refused.json.detail).toContain('Idempotency-Key')
  })

  it('may have as many characters as the limit says', async () => {
    const { call } = await createOrdersWorld()
    const key = 'k'.repeat(limits.idempotencyKeyChars)
    expect((await call('POST', '/v1/tasks', order(), keyed(key))).status).toBe(202)
  })

  it('lends its time to the id when it is a ULID', () => {
    const key = ids.next()
    expect(idOfKey(ids, 'c', key).slice(0, 10)).toBe(key.slice(0, 10))
    expect(idOfKey(ids, 'c', key)).toMatch(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/)
    expect(idOfKey(ids, 'c', key)).not.toBe(key)
    expect(idOfKey(ids, 'c', key)).not.toBe(idOfKey(ids, 'd', key))
  })

  it('gives every task of a batch an id of its own, in order', () => {
    const all = idsOfBatchKey(ids, 'k', limits.batchTasks)
    expect(new Set(all).size).toBe(limits.batchTasks)
    expect([...all].sort()).toEqual(all)
    expect(idsOfBatchKey(ids, 'k', 2)).toEqual(all.slice(0, 2))
  })
})

describe('canonical JSON', () => {
  it('says the same of the same JSON, and only of it', async () => {
    const json = fc.jsonValue({ maxDepth: 4 })
    await fc.assert(
      fc.property(json, (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)))
        expect(canonicalJson(shuffled(JSON.parse(JSON.stringify(value))))).toBe(
          canonicalJson(JSON.parse(JSON.stringify(value))),
        )
      }),
      { numRuns: 200 },
    )
  })

  it('tells batches apart by where a task ends', () => {
    const hash = (...tasks: readonly unknown[]) =>
      requestHash(
        ids,
        tasks.map((raw) => ({ raw, argumentsText: undefined })),
        'c',
      )
    expect(hash({ a: 1 }, { b: 2 })).not.toBe(hash({ a: 1, b: 2 }))
    expect(hash({ a: 1 }, { a: 1 })).not.toBe(hash({ a: 1 }))
  })
})

function shuffled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shuffled)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, entry]) => [key, shuffled(entry)]),
  )
}
