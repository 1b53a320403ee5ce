import type { Event } from '#core/events'
import { newBulk, withPortion } from '#core/tasks/bulk/bulk'
import { noon } from '../support/heads.ts'

const at = { now: noon, writer: 'w2' }
const of = { ...at, run: 'run1' }
const judging = { seesSince: 0, chance: 0.5 }

const aBulk = withPortion(newBulk('cancel', false), [], undefined)

/** One event of each kind that is allowed to do something, and what can go wrong with it besides the table. */
export const sampleEvents: readonly Event[] = [
  { kind: 'claim', ...of, run: 'run2', instance: 'i2' },
  { kind: 'renew', ...of },
  { kind: 'succeed', ...of, result: { output: 1 } },
  { kind: 'fail', ...of, error: { code: 'broken', message: 'it broke', retryable: true }, chance: 0.5 },
  { kind: 'fail', ...of, error: { code: 'broken', message: 'it broke', retryable: false }, chance: 0.5 },
  { kind: 'stop', ...of },
  { kind: 'give-up', ...of },
  { kind: 'hand-back', ...of, reason: 'leaving' },
  { kind: 'lose', ...at, ...judging },
  { kind: 'lose', ...at, ...judging, certain: 'killed' },
  { kind: 'time-out', ...at, ...judging },
  { kind: 'end-grace', ...at, seesSince: 0 },
  { kind: 'cancel', ...at, by: 'ann' },
  { kind: 'ripen', ...at },
  { kind: 'ring', ...at },
  { kind: 'guard', ...at, due: noon + 1 },
  { kind: 'expire', ...at },
  { kind: 'suspend', ...of, suspension: { on: 'nap', wakeAt: noon + 60_000 } },
  { kind: 'wake', ...at, why: 'it is over' },
  { kind: 'observe', ...at, progress: { percent: 10 } },
  { kind: 'release', ...at },
  { kind: 'fail-dependency', ...at, message: 'it failed' },
  { kind: 'await', ...at },
  { kind: 'watch', ...at, by: ['task'], needed: noon + 1, until: noon + 2 },
  { kind: 'orphan', ...at, keptUntil: noon + 5_000 },
  { kind: 'pay', ...at, hasChildren: true, isKept: false },
  { kind: 'pay', ...at, hasChildren: false, isKept: true },
  { kind: 'rejoin', ...at, by: 'task p', era: 1 },
  { kind: 'rejoin', ...at, by: 'task p', era: 1, isOnlyKept: true },
  { kind: 'work', ...at, bulk: aBulk, due: noon + 1, isOver: false, percent: 10, message: 'looked at 100' },
  { kind: 'work', ...at, bulk: aBulk, due: noon + 1, isOver: true, percent: 100, message: 'looked at 110' },
  { kind: 'retry', ...at, by: 'ann' },
  { kind: 'patch', ...at, by: 'ann', fields: { subject: 'new', startAfter: noon + 5_000 } },
  { kind: 'patch', ...at, by: 'ann', fields: { subject: 'new' } },
  { kind: 'patch', ...at, by: 'ann', fields: { startAfter: noon + 5_000_000 } },
  { kind: 'patch', ...at, by: 'ann', fields: { subject: null, notStartAfter: noon + 1 } },
]
