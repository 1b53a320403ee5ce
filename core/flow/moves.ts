import { askToStop } from '../canceling.ts'
import { limits, spans } from '../contract/limits.ts'
import { isTerminal } from '../contract/task.ts'
import { end } from '../end-move.ts'
import type { Decision, Event } from '../events.ts'
import { type Head, readyAt } from '../head.ts'
import { line, refused, to } from '../make-move.ts'
import type { Flow, Parent } from './flow.ts'
import { isKeptByParent, retentionEnd } from './flow-of.ts'

/** The moves of workflows, one function each. As in moves.ts they take for granted that the table allows the event. */

type Of<K extends Event['kind']> = Extract<Event, { kind: K }>

/** The slot is given back; bells and the index watch from here on. A cancel that was asked wins (protocol 28). */
export function suspend(head: Head, event: Of<'suspend'>): Decision {
  if (head.cancel !== undefined) return refused('cancel-asked')
  const { suspension } = event
  const { wakeAt } = suspension
  const by = head.run?.instance ?? 'clock'
  const changes = {
    status: 'suspended',
    run: undefined,
    flow: { ...head.flow, suspension, looks: undefined },
    // It has started in time, however late it goes on.
    notStartAfter: undefined,
    due: suspendedDue(suspension, event.now),
    history: line(head, [event.now, 'suspended', by, suspension.on]),
  } as const
  // Short sleeps are a delayed bell, with the index one minute behind it; it rings before this is written.
  const rings = wakeAt !== undefined && wakeAt - event.now <= spans.bellDelayMs
  const bell = rings ? { bell: { delayMs: Math.max(0, wakeAt - event.now) } } : {}
  return to(head, event, by, changes, bell)
}

function suspendedDue({ wakeAt, isHinted }: NonNullable<Flow['suspension']>, now: number): number {
  const recheck = isHinted === true ? now + spans.recheckFirstMs : Number.POSITIVE_INFINITY
  if (wakeAt === undefined) return now + spans.recheckFirstMs
  const wake = wakeAt - now <= spans.bellDelayMs ? wakeAt + spans.wakeGuardMs : wakeAt - spans.bellDelayMs
  return Math.min(recheck, wake)
}

export function wake(head: Head, event: Of<'wake'>): Decision {
  const flow = { ...head.flow, suspension: undefined, looks: undefined }
  const history = line(head, [event.now, 'woken', undefined, event.why])
  return to(head, event, 'hub', { status: 'queued', flow, due: undefined, history }, { bell: { delayMs: 0 } })
}

export function observe(head: Head, event: Of<'observe'>): Decision {
  return to(head, event, 'hub', { progress: { ...event.progress, at: event.now } })
}

export function release(head: Head, event: Of<'release'>): Decision {
  const dependencies = head.flow?.dependencies
  if (dependencies?.isOpen !== true) return refused('not-in-this-status')
  const flow = { ...head.flow, dependencies: { ...dependencies, isOpen: false }, looks: undefined }
  const history = line(head, [event.now, 'dependencies ended'])
  const delayMs = Math.max(0, readyAt(head) - event.now)
  const changes = { flow, history, due: undefined }
  if (delayMs > spans.bellDelayMs) return to(head, event, 'hub', changes)
  return to(head, event, 'hub', { ...changes, status: 'queued' }, { bell: { delayMs } })
}

export function failDependency(head: Head, event: Of<'fail-dependency'>): Decision {
  if (head.flow?.dependencies?.isOpen !== true) return refused('not-in-this-status')
  const message = event.message.slice(0, limits.messageChars)
  const error = { code: 'dependency-failed', message, retryable: false }
  return end(head, event, 'failed', 424, 'hub', message, { error })
}

export function awaitEnd(head: Head, event: Of<'await'>): Decision {
  if (head.flow?.isAwaited === true) return refused('already-ended')
  return { kind: 'move', next: { ...silently(head, event), flow: { ...head.flow, isAwaited: true } } }
}

/** Its parent has ended. What is open is canceled, or goes on by itself; what has ended is kept as long as its parent. */
export function orphan(head: Head, event: Of<'orphan'>): Decision {
  const parent = head.flow?.parent
  if (parent === undefined) return refused('already-ended')
  if (event.keptUntil === undefined) return orphanOfKept(head, event, parent)
  const keptUntil = Math.max(event.keptUntil, parent.keptUntil ?? 0)
  // Its parent was begun anew and has ended again.
  const isLonger = event.keptUntil > (parent.keptUntil ?? 0)
  if (parent.isOver === true && !isLonger) return refused('already-ended')
  const kept = keptUntil === 0 ? {} : { keptUntil }
  const flow: Flow = { ...head.flow, parent: { ...parent, isOver: true, ...kept } }
  const mine = { ...head, flow }
  const goesOn = parent.onEnd === 'detach' || parent.isOver === true
  switch (head.status) {
    case 'succeeded':
    case 'failed':
    case 'canceled':
    case 'expired': {
      // Its own sub tasks were kept for as long as it was.
      const owes = flow.owes === true || flow.hasChildren === true
      if (owes) {
        const next = {
          ...silently(mine, event),
          flow: { ...flow, owes: true as const },
          due: event.now,
          expiresAt: undefined,
        }
        return { kind: 'move', next }
      }
      return {
        kind: 'move',
        next: { ...silently(mine, event), expiresAt: retentionEnd(mine, head.stoppedAt ?? event.now) },
      }
    }
    case 'running':
    case 'waiting':
    case 'queued':
    case 'suspended':
      return goesOn ? { kind: 'move', next: silently(mine, event) } : endOfOrphan(mine, event, parent)
    default:
      return head.status satisfies never
  }
}

function orphanOfKept(head: Head, event: Of<'orphan'>, parent: Parent): Decision {
  if (isTerminal(head.status) || parent.onEnd === 'detach' || parent.isOver === true) return refused('already-ended')
  return endOfOrphan(head, event, parent)
}

function endOfOrphan(head: Head, event: Of<'orphan'>, parent: Parent): Decision {
  if (head.cancel !== undefined) {
    return event.keptUntil === undefined ? refused('cancel-asked') : { kind: 'move', next: silently(head, event) }
  }
  return askToStop(head, event, { by: parentOf(parent), reason: over })
}

const over = 'its parent ended'

function parentOf({ id }: Parent): string {
  return `task ${id}`
}

export function pay(head: Head, event: Of<'pay'>): Decision {
  const { owes, ...rest } = head.flow ?? {}
  // Told while it was still its parent's, and that one has let go of it meanwhile: told once more.
  if (owes !== true || event.isKept !== isKeptByParent(head)) return refused('not-over')
  const flow: Flow = event.hasChildren ? { ...rest, hasChildren: true } : rest
  const expiresAt = event.isKept ? undefined : retentionEnd({ ...head, flow }, head.stoppedAt ?? event.now)
  return { kind: 'move', next: { ...silently(head, event), flow, due: undefined, expiresAt } }
}

/** Nothing that people would see as a change: no line of history, no new time of modification. */
function silently(head: Head, event: Event): Head {
  return { ...head, n: head.n + 1, writer: event.writer }
}
