import { limits, spans } from '../contract/limits.ts'
import type { Decision, Event } from '../events.ts'
import { type Head, readyAt } from '../head.ts'
import { line, refused, to } from '../make-move.ts'
import { end } from '../moves.ts'
import type { Flow, Parent } from './flow.ts'
import { owesItsEnd } from './flow-of.ts'

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
  if (parent === undefined || parent.isOver === true) return refused('already-ended')
  const flow = { ...head.flow, parent: { ...parent, isOver: true } satisfies Parent } as const
  const mine = { ...head, flow }
  switch (head.status) {
    case 'succeeded':
    case 'failed':
    case 'canceled':
    case 'expired': {
      const own = (head.stoppedAt ?? event.now) + head.retentionSeconds * 1_000
      const expiresAt = head.flow?.owes === true ? undefined : Math.max(own, event.keptUntil)
      return { kind: 'move', next: { ...silently(mine, event), expiresAt } }
    }
    case 'running': {
      if (parent.onEnd === 'detach' || head.cancel !== undefined) return { kind: 'move', next: silently(mine, event) }
      const flag = { at: event.now, by: parentOf(parent), reason: over, graceUntil: event.now + spans.cancelGraceMs }
      const history = line(head, [event.now, 'cancel asked', parentOf(parent), over])
      return to(mine, event, parentOf(parent), { cancel: flag, history })
    }
    case 'waiting':
    case 'queued':
    case 'suspended':
      if (parent.onEnd === 'detach') return { kind: 'move', next: silently(mine, event) }
      return end(mine, event, 'canceled', 499, parentOf(parent), over, owesItsEnd(mine))
    default:
      return head.status satisfies never
  }
}

const over = 'its parent ended'

function parentOf({ id }: Parent): string {
  return `task ${id}`
}

export function pay(head: Head, event: Of<'pay'>): Decision {
  const { owes, ...flow } = head.flow ?? {}
  if (owes !== true) return refused('not-over')
  const isKept = flow.parent !== undefined && flow.parent.isOver !== true
  const expiresAt = isKept ? undefined : (head.stoppedAt ?? event.now) + head.retentionSeconds * 1_000
  return { kind: 'move', next: { ...silently(head, event), flow, due: undefined, expiresAt } }
}

/** Nothing that people would see as a change: no line of history, no new time of modification. */
function silently(head: Head, event: Event): Head {
  return { ...head, n: head.n + 1, writer: event.writer }
}
