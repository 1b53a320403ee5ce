import { spans } from './contract/limits.ts'
import { type Head, readyAt } from './head.ts'
import { lostAt } from './lease.ts'

/**
 * The bell that a task must have as it stands, for a queue that is made anew from the heads when a hub opens: how long
 * it stays hidden from `now` on. Undefined where the due index is the guard, or nothing is owed.
 */
export function standingBellHiddenMs(head: Head, now: number): number | undefined {
  const wakeAt = head.status === 'suspended' ? head.flow?.suspension?.wakeAt : undefined
  // A sleep that fits on a bell has one; the index looks a minute behind it.
  if (wakeAt !== undefined && wakeAt - now <= spans.bellDelayMs) return Math.max(0, wakeAt - now)
  if (head.status === 'queued') return Math.max(0, readyAt(head) - now)
  if (head.status === 'running' && head.run !== undefined && !head.run.renewed) {
    return Math.max(0, lostAt(head, head.run, now) - now)
  }
  return undefined
}
