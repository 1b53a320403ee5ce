import fc from 'fast-check'
import { expect, it } from 'vitest'
import { isTerminal } from '#core/contract/task'
import type { Decision, Event } from '#core/events'
import type { Flow } from '#core/flow/flow'
import { isKeptByParent } from '#core/flow/flow-of'
import type { Head } from '#core/head'
import { decide } from '#core/lifecycle'
import { newBulk, withPortion } from '#core/tasks/bulk/bulk'
import { aHead, noon } from '../support/heads.ts'

/**
 * Random moves of one task, with its bells modelled from the decisions alone: whatever happens, in whatever order and
 * at whatever time, invariants L1 to L4 of lifecycle.ts and protocol rule 1 hold.
 */
interface Told {
  readonly head: Head
  /** Bells that nobody has deleted. */
  readonly bells: number
  /** Whether one of them is held by the run that owns the task. */
  readonly runHoldsBell: boolean
  readonly now: number
}

const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
const delayMs = fc.constantFrom(null, 0, 1_000, 800_000, 2_000_000, 90_000_000)
const apart = fc.boolean()

/** What may be tried next; `passes` is how much time goes by before. */
const tries = fc.record({
  passes: fc.constantFrom(0, 10, 5_000, 61_000, 75_000, 1_000_000, 90_000_000),
  kind: fc.constantFrom<Event['kind']>(
    'claim',
    'claim',
    'claim',
    'renew',
    'renew',
    'succeed',
    'fail',
    'fail',
    'stop',
    'give-up',
    'hand-back',
    'lose',
    'time-out',
    'end-grace',
    'cancel',
    'ripen',
    'ripen',
    'ring',
    'expire',
    'retry',
    'patch',
    'suspend',
    'suspend',
    'wake',
    'observe',
    'await',
    'orphan',
    'pay',
    'rejoin',
    'release',
    'fail-dependency',
  ),
  byOwner: fc.boolean(),
  retryable: fc.boolean(),
  certain: fc.boolean(),
  chance,
  apart,
  startAfter: fc.option(delayMs, { nil: undefined }),
  notStartAfter: fc.option(delayMs, { nil: undefined }),
})
type Try = typeof tries extends fc.Arbitrary<infer T> ? T : never

it('random moves keep the invariants, and whatever is not finished has a guard', () => {
  const parent = { id: 'p', born: 'b', step: 's', index: 0, count: 1, era: 0, depth: 1 }
  const first = fc.record({
    timeoutSeconds: fc.constantFrom(undefined, 30),
    minSeconds: fc.constantFrom(0, 5, 2_000),
    flow: fc.constantFrom<(Flow | undefined)[]>(
      undefined,
      { parent: { ...parent, onEnd: 'cancel' } },
      { parent: { ...parent, onEnd: 'detach' } },
      { dependencies: { count: 1, onFailure: 'fail', isOpen: true } },
    ),
  })
  fc.assert(
    fc.property(first, fc.array(tries, { maxLength: 40 }), ({ timeoutSeconds, minSeconds, flow }, attempts) => {
      const retry = { maxRuns: 3, minSeconds, maxSeconds: 4_000, factor: 2, jitter: 'full' } as const
      const isDependent = flow?.dependencies !== undefined
      const waits = isDependent ? ({ status: 'waiting', due: noon + 60_000 } as const) : {}
      const head = aHead({ retry, timeoutSeconds, flow, ...waits })
      let told: Told = { head, bells: isDependent ? 0 : 1, runHoldsBell: false, now: noon }
      for (const [index, attempt] of attempts.entries()) {
        const now = told.now + attempt.passes
        const event = eventOf(told.head, attempt, now, `w${index}`)
        const decision = decide(told.head, event)
        const next = after({ ...told, now }, event, decision)
        check(told.head, event, decision, next)
        told = next
      }
    }),
    { numRuns: 2_000 },
  )
}, 60_000)

function eventOf(head: Head, attempt: Try, now: number, writer: string): Event {
  const at = { now, writer }
  const of = { ...at, run: attempt.byOwner && head.run !== undefined ? head.run.id : 'another' }
  const judging = { seesSince: 0, chance: attempt.chance }
  const time = (delay: number | null | undefined) => (delay === undefined || delay === null ? delay : now + delay)
  const error = { code: 'broken', message: 'it broke', retryable: attempt.retryable }
  switch (attempt.kind) {
    case 'claim':
      return { kind: 'claim', ...at, run: writer, instance: 'i' }
    case 'fail':
      return { kind: 'fail', ...of, error, chance: attempt.chance, apart: attempt.apart }
    case 'hand-back':
      return { kind: 'hand-back', ...of, reason: 'leaving' }
    case 'lose':
      return { kind: 'lose', ...at, ...judging, ...(attempt.certain ? { certain: 'killed' } : {}) }
    case 'time-out':
      return { kind: 'time-out', ...at, ...judging }
    case 'cancel':
    case 'retry':
      return { kind: attempt.kind, ...at, by: 'ann' }
    case 'patch': {
      const { startAfter, notStartAfter } = attempt
      const fields = {
        subject: 'x',
        ...(startAfter === undefined ? {} : { startAfter: time(startAfter) ?? null }),
        ...(notStartAfter === undefined ? {} : { notStartAfter: time(notStartAfter) ?? null }),
      }
      return { kind: 'patch', ...at, by: 'ann', fields }
    }
    case 'suspend': {
      const wakeAt = typeof attempt.startAfter === 'number' ? { wakeAt: now + attempt.startAfter } : {}
      const isHinted = attempt.retryable || !('wakeAt' in wakeAt) ? { isHinted: true as const } : {}
      return { kind: 'suspend', ...of, suspension: { on: 'x', ...wakeAt, ...isHinted } }
    }
    case 'wake':
      return { kind: 'wake', ...at, why: 'x' }
    case 'observe':
      return { kind: 'observe', ...at, progress: { percent: 50 } }
    case 'watch':
      return { kind: 'watch', ...at, by: ['task'], needed: now + 5_000, until: now + 9_000 }
    case 'work': {
      const bulk = withPortion(newBulk('cancel', false), [], undefined)
      return { kind: 'work', ...at, bulk, due: now, isOver: false, percent: 1, message: 'x' }
    }
    case 'orphan':
      return { kind: 'orphan', ...at, keptUntil: now + 5_000 }
    case 'pay':
      return { kind: 'pay', ...at, hasChildren: attempt.certain, isKept: isKeptByParent(head) }
    case 'rejoin':
      return { kind: 'rejoin', ...at, by: 'task p', era: 1 }
    case 'fail-dependency':
      return { kind: 'fail-dependency', ...at, message: 'x' }
    case 'end-grace':
      return { kind: 'end-grace', ...at, seesSince: judging.seesSince }
    case 'guard':
      return { kind: 'ring', ...at }
    case 'renew':
    case 'succeed':
    case 'stop':
    case 'give-up':
      return { kind: attempt.kind, ...of }
    default:
      return { kind: attempt.kind, ...at }
  }
}

/** What the decision makes of the bells: an owner deletes its bell at the first renewal and at its end, unless it keeps it. */
function after(told: Told, event: Event, decision: Decision): Told {
  if (decision.kind === 'refused') return told
  const { next, bell, holdMs } = decision
  const rung = told.bells + (bell === undefined ? 0 : 1)
  if (event.kind === 'claim') return { ...told, head: next, bells: rung, runHoldsBell: told.bells > 0 }
  const letsGo = 'run' in event && (next.run?.renewed === true || (next.run === undefined && holdMs === undefined))
  const bells = letsGo && told.runHoldsBell ? rung - 1 : rung
  return { ...told, head: next, bells, runHoldsBell: told.runHoldsBell && next.run !== undefined && !letsGo }
}

function check(before: Head, event: Event, decision: Decision, told: Told): void {
  if (decision.kind === 'refused') return
  const { head, bells } = told
  const isOwner = 'run' in event && event.run === before.run?.id
  // L1
  if (head.status === 'queued' && before.status !== 'queued') {
    expect(decision.bell !== undefined || decision.holdMs !== undefined).toBe(true)
    if (decision.bell === undefined) expect(isOwner && before.run?.renewed === false).toBe(true)
  }
  // L2 and rule 1
  const isGuarded = head.status === 'waiting' || head.status === 'suspended' || head.run?.renewed === true
  if (isGuarded) expect(head.due).toBeDefined()
  else if (!isTerminal(head.status)) expect(head.due !== undefined || bells > 0).toBe(true)
  if (head.status === 'waiting' && head.flow?.dependencies?.isOpen !== true)
    expect(head.due ?? 0).toBeLessThanOrEqual(Math.max(head.startAfter ?? 0, head.retryAfter ?? 0))
  if (head.status === 'queued' && head.notStartAfter !== undefined)
    expect(head.due).toBeLessThanOrEqual(head.notStartAfter)
  if (head.cancel !== undefined) expect(head.due).toBeLessThanOrEqual(head.cancel.graceUntil)
  // L3
  const byOthers = ['lose', 'time-out', 'end-grace', 'cancel', 'patch', 'await', 'watch', 'orphan', 'rejoin']
  if (before.status === 'running' && !byOthers.includes(event.kind)) expect(isOwner).toBe(true)
  // L4
  if (isTerminal(head.status)) {
    expect([head.run, head.cancel, head.flow?.suspension]).toEqual([undefined, undefined, undefined])
    const isOwing = head.flow?.owes === true
    const isKept = head.flow?.parent !== undefined && head.flow.parent.isOver !== true
    expect(head.due !== undefined).toBe(isOwing)
    expect(head.expiresAt !== undefined).toBe(!isOwing && !isKept)
  } else expect(head.expiresAt).toBeUndefined()
  expect(head.status === 'running').toBe(head.run !== undefined)
  expect(head.failureCount <= 3 && head.crashCount <= 3).toBe(true)
}
