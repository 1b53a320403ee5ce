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
  /** For how many looks in a row the bells have not shrunk beside free slots: two, and those slots count as none (32). */
  readonly stuckLooks: number
  readonly breaker?: { readonly openUntil: number } | undefined
}

export type ScaleDecision =
  | { readonly kind: 'start'; readonly count: number }
  | { readonly kind: 'hold'; readonly why: 'enough' | 'paused' | 'at-max' | 'breaker' }

const stuckLooksMost = 2
/** One decision starts at most so many; the next look starts more. */
export const startsMost = 100

export function scale(input: ScaleInput): ScaleDecision {
  if (input.paused) return { kind: 'hold', why: 'paused' }
  const { min, max, tasksPerInstance } = input.scaling
  const free = input.stuckLooks >= stuckLooksMost ? 0 : input.freeSlots
  const present = input.live + input.starting
  const uncovered = Math.max(0, input.bells - free - input.starting * tasksPerInstance)
  const wanted = Math.max(Math.ceil(uncovered / tasksPerInstance), min - present)
  if (wanted <= 0) return { kind: 'hold', why: 'enough' }
  if (input.breaker !== undefined && input.breaker.openUntil > input.now) return { kind: 'hold', why: 'breaker' }
  const count = Math.min(wanted, max - present, startsMost)
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
const breakerMostMs = 600_000

/** One more instance ended before it was ready: from the third on the breaker opens, for 30 s doubling to 10 min. */
export function afterFailedStart(breaker: Breaker | undefined, reason: string, now: number): Breaker {
  const failures = (breaker?.failures ?? 0) + 1
  if (failures < breakerFailures) return { failures, openUntil: 0, reason }
  const delayMs = Math.min(breakerMostMs, breakerLeastMs * 2 ** (failures - breakerFailures))
  return { failures, openUntil: now + delayMs, reason }
}
