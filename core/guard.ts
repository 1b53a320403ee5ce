import { spans } from './contract/limits.ts'
import { type Head, readyAt } from './head.ts'
import { leaseDue, timeoutAt } from './lease.ts'

/**
 * When the clock must look at a task at the latest. Who watches over a task that is not finished (protocol 1, 12, 13)
 * is its bell, or a `due` in the sparse index at or before the first moment anything could be needed. This is the one
 * place that derives `due`.
 */
export function dueOf(head: Head, now: number): number | undefined {
  switch (head.status) {
    case 'waiting':
      // Wired by its creator; should that one die, the clock does it.
      if (head.flow?.dependencies?.isOpen === true) {
        return earliest(head.due ?? now + spans.wiringGuardMs, head.notStartAfter)
      }
      // The clock turns it into a delayed bell once the rest of the delay fits on one.
      return earliest(readyAt(head) - spans.bellDelayMs, head.notStartAfter)
    case 'queued':
      // The bell guards. What came from the index keeps the due it has; a start window adds one.
      return earliest(head.due, head.notStartAfter, head.cancel?.graceUntil, dailyLook(head, now))
    case 'running': {
      const run = head.run
      // What the hub works off by itself says when it goes on.
      if (head.bulk !== undefined && head.due !== undefined) return head.due
      if (run === undefined) throw new Error('guard: a running head names its run')
      const grace = head.cancel?.graceUntil
      if (!run.renewed) return earliest(head.due, grace, dailyLook(head, now))
      const timeout = head.timeoutSeconds === undefined ? undefined : timeoutAt(head, run)
      return earliest(leaseDue(head, run), timeout, grace)
    }
    case 'suspended':
      // Set by the suspend, and moved by the clock alone.
      if (head.due === undefined) throw new Error('guard: a suspended head has a due')
      return head.due
    case 'succeeded':
    case 'failed':
    case 'canceled':
    case 'expired':
      return head.flow?.owes === true ? (head.due ?? now) : undefined
    default:
      return head.status satisfies never
  }
}

/**
 * The audit looks at a task once, when it turns an hour old. Whatever hangs on a bell after that has a place in the
 * index a day ahead, else a purged queue would lose what was queued again, or taken, behind the audit's back.
 */
function dailyLook(head: Head, now: number): number | undefined {
  return now - head.createdAt < spans.auditAgeMs - spans.auditSlackMs ? undefined : now + spans.auditGuardMs
}

function earliest(...times: readonly (number | undefined)[]): number | undefined {
  let first: number | undefined
  for (const time of times) if (time !== undefined && (first === undefined || time < first)) first = time
  return first
}
