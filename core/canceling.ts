import { endOfBulk } from './bulk-moves.ts'
import { spans } from './contract/limits.ts'
import { end } from './end-move.ts'
import type { Decision, Event } from './events.ts'
import { owesItsEnd } from './flow/flow-of.ts'
import type { CancelFlag, Head } from './head.ts'
import { type Changes, line, refused, to } from './make-move.ts'

/**
 * A cancel. Who runs is asked to stop and has a grace time; who has run, and said that it may have something to undo, is
 * queued once more for that, with a longer one, since an instance may have to be started. All else ends at once.
 */

type Of<K extends Event['kind']> = Extract<Event, { kind: K }>

export function cancel(head: Head, event: Of<'cancel'>): Decision {
  if (head.cancel !== undefined) return refused('cancel-asked')
  return askToStop(head, event, event)
}

export function askToStop(
  head: Head,
  event: Of<'cancel'> | Of<'orphan'>,
  { by, reason }: { readonly by: string; readonly reason?: string | undefined },
): Decision {
  // Nothing of it runs: who is on his way to the next portion finds it ended.
  if (head.bulk !== undefined) return end(head, event, 'canceled', 499, by, reason, endOfBulk(head))
  const isRunning = head.status === 'running'
  if (!isRunning && !mayUndo(head)) return end(head, event, 'canceled', 499, by, reason, owesItsEnd(head))
  const graceMs = isRunning ? spans.cancelGraceMs : spans.cancelStartMs
  const changes: Changes = {
    cancel: { at: event.now, by, ...(reason === undefined ? {} : { reason }), graceUntil: event.now + graceMs },
    history: line(head, [event.now, 'cancel asked', by, reason]),
  }
  if (isRunning) return to(head, event, by, changes)
  const ready: Changes = {
    status: 'queued',
    flow: { ...head.flow, suspension: undefined, looks: undefined },
    startAfter: undefined,
    notStartAfter: undefined,
    retryAfter: undefined,
  }
  return to(head, event, by, { ...changes, ...ready }, { bell: { delayMs: 0 } })
}

export function mayUndo({ flow, startedAt }: Head): boolean {
  return flow?.runsOnCancel === true && startedAt !== undefined
}

/** What a canceled task keeps, that goes back to the queue since its run was cut off before it could undo everything. */
export function toUndo({ cancel: flag }: Head, now: number): Changes {
  return flag === undefined ? {} : { cancel: { ...flag, graceUntil: now + spans.cancelStartMs } }
}

export function endGrace(head: Head, event: Of<'end-grace'>): Decision {
  const flag = head.cancel
  if (flag === undefined || event.now < flag.graceUntil) return refused('not-over')
  // While the hub was away nobody could take it (protocol 15).
  if (head.status === 'queued' && event.now < event.seesSince + spans.cancelStartMs) return refused('not-over')
  return endByFlag(head, event, flag)
}

/** By somebody else than the run, which alone knows whether there are sub tasks. */
export function endByFlag(head: Head, event: Event, { by, reason }: CancelFlag): Decision {
  return end(head, event, 'canceled', 499, by, reason, owesItsEnd(head))
}
