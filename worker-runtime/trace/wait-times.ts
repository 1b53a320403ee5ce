import type { Task } from '#core/contract/task'

export interface WaitTimes {
  readonly from: number
  readonly until: number
}

/** Earlier than that nothing of a task can have happened: a clock that was never set. */
const leastMs = 1

/**
 * How long a run was waited for: since the move before its start (created, woken, failed before), or since the task's own
 * start time. The two ends are of two clocks, the hub's and this machine's, so it may come out as nothing.
 */
export function waitSpanTimes({ createdAt, startAfter, history, runCount }: Task, now: number): WaitTimes | undefined {
  const started = history.findLastIndex(({ move }) => move === 'started')
  const before = started > 0 ? history[started - 1]?.at : undefined
  // A history that was shortened, or a hub that tells none.
  const since = before ?? (runCount === 1 ? createdAt : undefined)
  if (since === undefined) return undefined
  const from = Math.max(Date.parse(since), startAfter === undefined ? 0 : Date.parse(startAfter))
  if (!Number.isFinite(from) || from < leastMs) return undefined
  return { from: Math.min(from, now), until: now }
}
