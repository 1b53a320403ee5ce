import type { Fleet } from '#core/workers/fleet'

/**
 * Which workers are late, and which cannot start instances, told from what their fleets say anyway: so it costs no read.
 * Late is who at every long look of ten minutes had bells waiting, never fewer than at the look before. It does not
 * matter why: nobody takes them, or they come faster than they are taken.
 */
const lateAfterMs = 600_000

/** Since when a worker's waiting bells have not become fewer, and how many there were at the last look. */
export interface Waiting {
  readonly since: number
  readonly bells: number
}
export type WaitingByWorker = Readonly<Record<string, Waiting>>

export function waitingNow(before: WaitingByWorker, fleets: readonly Fleet[], now: number): WaitingByWorker {
  const waiting: Record<string, Waiting> = {}
  for (const { worker, lastBells: bells = 0, paused, removed } of fleets) {
    // Somebody wants it so.
    if (bells === 0 || paused !== undefined || removed !== undefined) continue
    const standing = before[worker]
    const isNoFewer = standing !== undefined && bells >= standing.bells
    waiting[worker] = { since: isNoFewer ? standing.since : now, bells }
  }
  return waiting
}

export function lateWorkers(waiting: WaitingByWorker, now: number): readonly string[] {
  return Object.entries(waiting).flatMap(([worker, { since }]) => (now - since >= lateAfterMs ? [worker] : []))
}

/** An opened breaker or a refusal, while it lasts or while tasks wait for what it holds up. */
export function cannotStart({ breaker, refusal, lastBells = 0 }: Fleet, now: number): boolean {
  const opened = [breaker?.openUntil ?? 0, refusal?.openUntil ?? 0].filter((until) => until > 0)
  return opened.some((until) => until > now || lastBells > 0)
}
