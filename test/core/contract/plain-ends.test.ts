import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isPlainComplete } from '#core/contract/plain-ends'
import { Complete, ticketCharsMost } from '#core/contract/worker-protocol'

/** Mostly well formed: a message passes only if all of it is. */
const mostly = <T>(good: T, ...others: unknown[]) =>
  fc.oneof({ weight: 12, arbitrary: fc.constant<unknown>(good) }, { weight: 1, arbitrary: fc.constantFrom(...others) })
const end = fc.record(
  {
    kind: mostly('succeed', 'fail', 'stop'),
    taskId: mostly('01KAVXK3T5QZJ8Q4V6W7X8Y9Z0', '01kavxk3t5qzj8q4v6w7x8y9z0', '', 7),
    run: mostly('i-1.nonce.0', '', 'x'.repeat(97), 7),
    ticket: mostly('12', '', 'x'.repeat(ticketCharsMost + 1), null),
    result: fc.oneof(
      { weight: 12, arbitrary: fc.record({ output: fc.jsonValue() }) },
      { weight: 1, arbitrary: fc.record({ output: fc.jsonValue(), messages: fc.jsonValue() }) },
      { weight: 1, arbitrary: fc.constantFrom(null, [], 'text', {}) },
    ),
  },
  { requiredKeys: ['kind', 'taskId', 'run'] },
)
const body = fc.record({
  worker: mostly('orders', 'Orders', ''),
  instance: mostly('i-1', ''),
  nonce: mostly('n.1', 'n 1'),
  ends: fc.array(end, { maxLength: 3 }),
})

test('what passes as a plain message of ends is just what the schema would make of it', () => {
  let passed = 0
  fc.assert(
    fc.property(body, (raw) => {
      if (!isPlainComplete(raw)) return
      passed++
      expect(Complete.safeParse(raw)).toEqual({ success: true, data: raw })
    }),
    { numRuns: 3_000 },
  )
  expect(passed).toBeGreaterThan(100)
})
