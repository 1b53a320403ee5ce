import fc from 'fast-check'
import { expect, test } from 'vitest'
import { limits } from '#core/contract/limits'
import { NewBatch } from '#core/contract/new-task'
import { isPlainBatch } from '#core/contract/plain-tasks'

const name = fc.oneof(fc.constantFrom('order.confirm', 'a', '', 'Upper', 'sp ace', 'x'.repeat(65)), fc.string())
const task = fc.oneof(
  fc.record({ command: name, arguments: fc.jsonValue() }, { requiredKeys: ['command'] }),
  fc.record(
    { command: name, arguments: fc.jsonValue(), subject: fc.string() },
    { requiredKeys: ['command', 'subject'] },
  ),
  fc.jsonValue(),
)
const body = fc.oneof(
  fc.record({ tasks: fc.array(task, { maxLength: 4 }) }),
  fc.record({ tasks: fc.array(task, { maxLength: 4 }), more: fc.jsonValue() }),
  fc.jsonValue(),
)

test('what passes as a plain batch is just what the schema would make of it', () => {
  fc.assert(
    fc.property(body, (raw) => {
      if (!isPlainBatch(raw)) return
      expect(NewBatch.safeParse(raw)).toEqual({ success: true, data: raw })
    }),
    { numRuns: 2_000 },
  )
})

test('a common batch passes; one of too many tasks, of none or with another field does not', () => {
  const plain = { command: 'order.confirm', arguments: { orderId: 7 } }
  expect(isPlainBatch({ tasks: [plain, { command: 'order.mail' }] })).toBe(true)
  expect(isPlainBatch({ tasks: [] })).toBe(false)
  expect(isPlainBatch({ tasks: Array.from({ length: limits.batchTasks + 1 }, () => plain) })).toBe(false)
  expect(isPlainBatch({ tasks: [{ ...plain, subject: 'one' }] })).toBe(false)
  expect(isPlainBatch({ tasks: [plain], dryRun: true })).toBe(false)
})
