import type { LaunchRefusal } from './ports.ts'

/**
 * How many instances to start, as a function of what is known (protocol 32–36). It counts slots, not instances: a full
 * instance has hidden its bells and looks idle. It never stops anything: instances leave by themselves when idle.
 */

export interface ScaleInput {
  readonly now: number
  readonly scaling: { readonly min: number; readonly max: number; readonly tasksPerInstance: number }
  readonly paused: boolean
  /** Tasks waiting now: the queue's visible bells, or the fresh records that show queued, whichever is more (33). */
  readonly bells: number
  /** Instances of any generation that have not said that they leave. */
  readonly live: number
  /** Free slots of the live instances that take tasks of this generation. */
  readonly freeSlots: number
  /** Launched, and neither registered nor stopped nor older than the limit: they count (34). */
  readonly starting: number
  /** Another generation is wanted than the one that runs, and none of it is on its way. */
  readonly isNewWanted?: boolean
  /** For how many looks in a row the bells have not shrunk beside free slots: two, and those slots count as none (32). */
  readonly stuckLooks: number
  readonly breaker?: Pick<Breaker, 'failures' | 'openUntil'> | undefined
  readonly refusal?: Pick<Refusal, 'openUntil'> | undefined
}

export type ScaleDecision =
  | { readonly kind: 'start'; readonly count: number }
  | { readonly kind: 'hold'; readonly why: 'enough' | 'paused' | 'at-max' | 'breaker' | 'refused' }

const stuckLooksMost = 2
/** One decision starts at most so many; the next look starts more. */
export const startsMost = 100

export function scale(input: ScaleInput): ScaleDecision {
  if (input.paused) return { kind: 'hold', why: 'paused' }
  const { min, max, tasksPerInstance } = input.scaling
  const free = input.stuckLooks >= stuckLooksMost ? 0 : input.freeSlots
  const present = input.live + input.starting
  const uncovered = Math.max(0, input.bells - free - input.starting * tasksPerInstance)
  const isRolling = input.isNewWanted === true && input.live > 0
  const wanted = Math.max(Math.ceil(uncovered / tasksPerInstance), min - present, isRolling ? 1 : 0)
  if (wanted <= 0) return { kind: 'hold', why: 'enough' }
  if (input.breaker !== undefined && input.breaker.openUntil > input.now) return { kind: 'hold', why: 'breaker' }
  if (input.refusal !== undefined && input.refusal.openUntil > input.now) return { kind: 'hold', why: 'refused' }
  // After its delay an image that failed is tried by one instance: each that dies is paid for.
  const isTrial = (input.breaker?.failures ?? 0) >= breakerFailures
  if (isTrial && input.starting > 0) return { kind: 'hold', why: 'breaker' }
  // Those that run leave for nobody but the first of their successors: at the most it comes in beside them.
  const most = isRolling && max > 0 ? max + 1 : max
  const count = Math.min(wanted, most - present, isTrial ? 1 : startsMost)
  return count <= 0 ? { kind: 'hold', why: 'at-max' } : { kind: 'start', count }
}

export interface Breaker {
  /** Instances of the wanted generation that ended before they were ready, in a row. */
  readonly failures: number
  readonly openUntil: number
  readonly reason: string
}

const breakerFailures = 3
const breakerLeastMs = 30_000
const delayMostMs = 600_000

/**
 * One more instance ended before it was ready: from the third on the breaker opens, for 30 s doubling to 10 min. Those
 * that were on their way when it opened end for the same cause and say nothing new.
 */
export function afterFailedStart(breaker: Breaker | undefined, reason: string, now: number): Breaker {
  if (breaker !== undefined && breaker.openUntil > now) return { ...breaker, reason }
  const failures = (breaker?.failures ?? 0) + 1
  if (failures < breakerFailures) return { failures, openUntil: 0, reason }
  const delayMs = Math.min(delayMostMs, breakerLeastMs * 2 ** (failures - breakerFailures))
  return { failures, openUntil: now + delayMs, reason }
}

/** Launches that were refused, in a row and for the same reason: nothing was started, and no image is to blame. */
export interface Refusal extends LaunchRefusal {
  readonly tries: number
  readonly openUntil: number
}

/** The first delay, which doubles: a rate is over in seconds, a new role is known everywhere soon after. */
const refusalLeastMs: Readonly<Record<LaunchRefusal['reason'], number>> = {
  rate: 2_000,
  role: 10_000,
  capacity: 30_000,
  quota: 30_000,
  network: 30_000,
  image: 30_000,
  other: 30_000,
}

export function afterRefusal(standing: Refusal | undefined, refusal: LaunchRefusal, now: number): Refusal {
  const { reason, message } = refusal
  const tries = standing?.reason === reason ? standing.tries + 1 : 1
  const delayMs = Math.min(delayMostMs, refusalLeastMs[reason] * 2 ** (tries - 1))
  return { reason, message, tries, openUntil: now + delayMs }
}

const askAgainLeastMs = 1_000
const askAgainMostMs = 60_000

/** When a launch that got no answer is asked for again: a service in trouble is not asked by every nudge. */
export function askAgainAt(tries: number, askedAt: number): number {
  return askedAt + Math.min(askAgainMostMs, askAgainLeastMs * 2 ** (tries - 1))
}
