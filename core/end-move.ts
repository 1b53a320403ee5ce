import type { Decision, Event } from './events.ts'
import { isKeptByParent, retentionEnd } from './flow/flow-of.ts'
import type { Head } from './head.ts'
import { type Changes, line, to } from './make-move.ts'

export const nothingOwned: Changes = { run: undefined, cancel: undefined, retryAfter: undefined, due: undefined }

/** Every move into a status that is an end. */
export function end(
  head: Head,
  event: Event,
  status: 'succeeded' | 'failed' | 'canceled' | 'expired',
  statusCode: number,
  by: string | undefined,
  why: string | undefined,
  changes: Changes,
): Decision {
  const isOwing = changes.flow?.owes === true
  const flow = changes.flow ?? head.flow
  return to(head, event, by ?? 'clock', {
    error: undefined,
    ...nothingOwned,
    ...changes,
    flow: flow?.suspension === undefined ? flow : { ...flow, suspension: undefined },
    status,
    statusCode,
    stoppedAt: event.now,
    // What somebody may still need has no end of its retention yet (protocol 31).
    expiresAt: isOwing || isKeptByParent(head) ? undefined : retentionEnd({ ...head, flow }, event.now),
    due: isOwing ? event.now : undefined,
    history: line(head, [event.now, status, by, why]),
  })
}
