import { type Head, readyAt } from './head.ts'
import { lostAt } from './lease.ts'

/**
 * The bell that a task must have as it stands, for a queue that is made anew from the heads when a hub opens: how long
 * it stays hidden from `now` on. Undefined where the due index is the guard, or nothing is owed.
 */
export function standingBellHiddenMs(head: Head, now: number): number | undefined {
  if (head.status === 'queued') return Math.max(0, readyAt(head) - now)
  if (head.status === 'running' && head.run !== undefined && !head.run.renewed) {
    return Math.max(0, lostAt(head, head.run, now) - now)
  }
  return undefined
}
