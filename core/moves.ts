import { endByFlag, mayUndo, toUndo } from './canceling.ts'
import { bulkCommand } from './contract/bulk.ts'
import { limits, spans } from './contract/limits.ts'
import type { TaskError } from './contract/task.ts'
import { isTerminal } from './contract/task.ts'
import { end, nothingOwned } from './end-move.ts'
import type { Decision, Event } from './events.ts'
import type { Flow } from './flow/flow.ts'
import { eraOf, owesByRun, owesItsEnd } from './flow/flow-of.ts'
import { type Head, type Run, readyAt } from './head.ts'
import { lostAt, timeoutAt } from './lease.ts'
import { type Changes, line, refused, to } from './make-move.ts'
import { retryDelayMs } from './retry.ts'

/** The moves of lifecycle.ts, one function each. They take for granted that the table allows the event. */

type Of<K extends Event['kind']> = Extract<Event, { kind: K }>

export function claim(head: Head, event: Of<'claim'>): Decision {
  if (isPast(head.notStartAfter, event.now)) return refused('expired')
  if (readyAt(head) > event.now) return refused('not-ready')
  // A sleep's own bell: whatever else could end its waits wakes it by a write of its own.
  if (head.status === 'suspended' && !isSleepOver(head, event.now)) return refused('not-ready')
  const run: Run = {
    id: event.run,
    instance: event.instance,
    startedAt: event.now,
    leaseUntil: event.now + head.leaseSeconds * 1_000,
    renewed: false,
  }
  const changes: Changes = {
    status: 'running',
    statusCode: 102,
    run,
    runCount: head.runCount + 1,
    startedAt: head.startedAt ?? event.now,
    runStartedAt: event.now,
    retryAfter: undefined,
    error: undefined,
    ...(head.cancel === undefined ? {} : { cancel: { ...head.cancel, graceUntil: event.now + spans.cancelGraceMs } }),
    ...(head.flow?.suspension === undefined ? {} : { flow: { ...head.flow, suspension: undefined, looks: undefined } }),
    // A guard in the index stays, close by: the bell in hand may be gone if its receiver was held up on the way here.
    due: head.due === undefined ? undefined : Math.min(head.due, event.now + 3 * head.leaseSeconds * 1_000),
    history: line(head, [event.now, 'started', event.instance]),
  }
  return to(head, event, event.instance, changes)
}

function isSleepOver({ flow }: Head, now: number): boolean {
  const wakeAt = flow?.suspension?.wakeAt
  return wakeAt !== undefined && wakeAt <= now
}

export function renew(head: Head, event: Of<'renew'>): Decision {
  const run = head.run
  if (run === undefined) return refused('not-owner')
  const renewed = { ...run, renewed: true, leaseUntil: event.now + head.leaseSeconds * 1_000 }
  const progress = event.progress === undefined ? head.progress : { ...event.progress, at: event.now }
  return to(head, event, run.instance, { run: renewed, progress })
}

export function succeed(head: Head, event: Of<'succeed'>): Decision {
  const outcome: Changes = event.apart === true ? { outcomeApart: event.run } : { result: event.result }
  const changes = event.files === undefined ? outcome : { ...outcome, resultFiles: event.files }
  return end(head, event, 'succeeded', 200, head.run?.instance, undefined, {
    ...changes,
    ...owesByRun(head, event.children),
  })
}

export function fail(head: Head, event: Of<'fail'>): Decision {
  const code = event.error.code === 'timeout' ? 408 : 500
  return failRun(head, event, event.error, code, {
    apart: event.apart === true ? event.run : undefined,
    keepsBell: true,
    // An agent that ends a handler for its time limit cannot know whether it has made sub tasks.
    owes: code === 408 ? owesItsEnd(head) : owesByRun(head, event.children),
  })
}

export function stop(head: Head, event: Of<'stop'>): Decision {
  if (head.cancel === undefined) return handBack(head, { ...event, kind: 'hand-back', reason: 'stopped' })
  return end(head, event, 'canceled', 499, head.cancel.by, head.cancel.reason, owesItsEnd(head))
}

export function giveUp(head: Head, event: Of<'give-up'>): Decision {
  const owes = owesByRun(head, event.children)
  return end(head, event, 'expired', 410, head.run?.instance, 'its start window closed', owes)
}

/** An interrupted run is not a failed one: it costs no try, and the task is ready again at once. */
export function handBack(head: Head, event: Of<'hand-back'>): Decision {
  const interruptCount = head.interruptCount + 1
  const isOver = interruptCount > limits.interruptions
  if (head.cancel !== undefined && (isOver || !mayUndo(head))) return endByFlag(head, event, head.cancel)
  if (isOver) {
    const message = `interrupted ${interruptCount} times, the last time: ${event.reason}`
    return end(head, event, 'failed', 500, undefined, 'interrupted', {
      ...owesItsEnd(head),
      error: fault('interrupted', message),
      interruptCount,
    })
  }
  const counted = { interruptCount, ...toUndo(head, event.now) }
  return again(head, event, 0, ['interrupted', head.run?.instance, event.reason], counted, true)
}

/** A crash: the instance is dead or its lease is over. Counted apart from failures; the second one still comes at once. */
export function lose(head: Head, event: Of<'lose'>): Decision {
  const run = head.run
  if (run === undefined) return refused('not-lost')
  if (event.certain === undefined && event.now < lostAt(head, run, event.seesSince)) return refused('not-lost')
  const why = event.certain ?? 'the lease ended without a sign of life'
  const crashCount = head.crashCount + 1
  const isOver = crashCount >= limits.crashes
  if (head.cancel !== undefined && (isOver || !mayUndo(head))) return endByFlag(head, event, head.cancel)
  if (isOver) {
    const message = `its instance crashed ${crashCount} times, the last time: ${why}`
    const error = fault('crashed', message)
    return end(head, event, 'failed', 500, run.instance, why, { ...owesItsEnd(head), error, crashCount })
  }
  const isAtOnce = crashCount < 2 || head.cancel !== undefined
  const delayMs = isAtOnce ? 0 : retryDelayMs(head.retry, crashCount - 1, event.chance)
  return again(head, event, delayMs, ['crashed', run.instance, why], { crashCount, ...toUndo(head, event.now) }, false)
}

/** The hub's own end of a run that is past its time limit: the owner should have ended it and did not. */
export function timeOut(head: Head, event: Of<'time-out'>): Decision {
  const run = head.run
  if (run === undefined || head.timeoutSeconds === undefined) return refused('not-over')
  if (event.now < timeoutAt(head, run) || event.now < event.seesSince + head.leaseSeconds * 1_000)
    return refused('not-over')
  if (head.cancel !== undefined) return endByFlag(head, event, head.cancel)
  const error = { ...fault('timeout', `the run took longer than ${head.timeoutSeconds} s`), retryable: true }
  return failRun(head, event, error, 408, { apart: undefined, keepsBell: false, owes: owesItsEnd(head) })
}

export function ripen(head: Head, event: Of<'ripen'>): Decision {
  const delayMs = readyAt(head) - event.now
  if (delayMs > spans.bellDelayMs || head.flow?.dependencies?.isOpen === true) return refused('not-ready')
  const due = event.now + spans.auditGuardMs
  return to(head, event, 'clock', { status: 'queued', due }, { bell: { delayMs: Math.max(0, delayMs) } })
}

export function ring(head: Head, event: Of<'ring'>): Decision {
  if (head.status === 'suspended') return ringForSleep(head, event)
  const delayMs = Math.max(0, readyAt(head) - event.now)
  const due = event.now + spans.auditGuardMs
  return to(
    head,
    event,
    'clock',
    { due, history: line(head, [event.now, 'rung again', 'clock']) },
    { bell: { delayMs } },
  )
}

/** A long sleep that now fits on a bell: the index looks a minute behind it. */
function ringForSleep(head: Head, event: Of<'ring'>): Decision {
  const wakeAt = head.flow?.suspension?.wakeAt
  if (wakeAt === undefined || wakeAt - event.now > spans.bellDelayMs) return refused('not-ready')
  const due = Math.max(wakeAt, event.now) + spans.wakeGuardMs
  return to(head, event, 'clock', { due }, { bell: { delayMs: Math.max(0, wakeAt - event.now) } })
}

export function guard(head: Head, event: Of<'guard'>): Decision {
  if (isTerminal(head.status) && head.flow?.owes !== true) return refused('already-ended')
  const flow = event.looks === undefined ? head.flow : { ...head.flow, looks: event.looks }
  return { kind: 'move', next: { ...head, n: head.n + 1, writer: event.writer, due: event.due, flow } }
}

export function expire(head: Head, event: Of<'expire'>): Decision {
  if (!isPast(head.notStartAfter, event.now)) return refused('not-over')
  return end(head, event, 'expired', 410, 'clock', 'not started in time', owesItsEnd(head))
}

export function retry(head: Head, event: Of<'retry'>): Decision {
  if (head.flow?.owes === true) return refused('owes')
  // The hub's own tasks have no bell to be begun anew by: whoever wants it again asks for a new one.
  if (head.command === bulkCommand) return refused('not-in-this-status')
  return begunAnew(head, event, {}, event.reason)
}

/** Of a sub task: it is waited for again, by its parent in that era. */
export function rejoin(head: Head, event: Of<'rejoin'>): Decision {
  const parent = head.flow?.parent
  if (parent === undefined || (head.flow?.owes === true && event.isOnlyKept !== true)) return refused('owes')
  const { isOver: _over, keptUntil: _kept, ...mine } = parent
  const joined = { parent: { ...mine, era: event.era } }
  if (isTerminal(head.status) && head.status !== 'succeeded' && event.isOnlyKept !== true) {
    return begunAnew(head, event, joined, 'its parent was retried')
  }
  // What succeeded, or goes on, is only its parent's again: nobody sees a change.
  const next = { ...head, n: head.n + 1, writer: event.writer, flow: { ...head.flow, ...joined }, expiresAt: undefined }
  return { kind: 'move', next }
}

function begunAnew(
  head: Head,
  event: Of<'retry'> | Of<'rejoin'>,
  flowChanges: Flow,
  reason: string | undefined,
): Decision {
  // What ended before its dependencies had waits for them again: they may have been retried too.
  const isOpen = head.flow?.dependencies?.isOpen === true
  const flow: Flow = {
    ...head.flow,
    ...flowChanges,
    era: eraOf(head) + 1,
    suspension: undefined,
    looks: undefined,
    hasChildren: undefined,
  }
  const changes: Changes = {
    ...nothingOwned,
    status: 'queued',
    statusCode: 102,
    failureCount: 0,
    crashCount: 0,
    interruptCount: 0,
    result: undefined,
    error: undefined,
    outcomeApart: undefined,
    progress: undefined,
    stoppedAt: undefined,
    expiresAt: undefined,
    startAfter: undefined,
    notStartAfter: isPast(head.notStartAfter, event.now) ? undefined : head.notStartAfter,
    flow,
    history: line(head, [event.now, 'retried', event.by, reason]),
  }
  if (isOpen) return to(head, event, event.by, { ...changes, status: 'waiting', due: event.now })
  return to(head, event, event.by, changes, { bell: { delayMs: 0 } })
}

export function patch(head: Head, event: Of<'patch'>): Decision {
  const { startAfter, notStartAfter, ...people } = event.fields
  const changes: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(people)) changes[key] = value ?? undefined
  const touchesTimes = startAfter !== undefined || notStartAfter !== undefined
  const isAhead = (head.status === 'waiting' || head.status === 'queued') && head.cancel === undefined
  if (touchesTimes && !isAhead) {
    return refused(isTerminal(head.status) ? 'already-ended' : 'already-running')
  }
  if (notStartAfter !== undefined) changes.notStartAfter = notStartAfter ?? undefined
  const history = line(head, [event.now, 'changed', event.by, Object.keys(event.fields).join(', ')])
  if (startAfter === undefined) return to(head, event, event.by, { ...changes, history })
  if (head.flow?.dependencies?.isOpen === true) {
    return to(head, event, event.by, { ...changes, startAfter: startAfter ?? undefined, history })
  }
  const moved = { ...changes, startAfter: startAfter ?? undefined, history }
  const delayMs = Math.max(0, Math.max(startAfter ?? 0, head.retryAfter ?? 0) - event.now)
  if (delayMs > spans.bellDelayMs) return to(head, event, event.by, { ...moved, status: 'waiting' })
  return to(head, event, event.by, { ...moved, status: 'queued' }, { bell: { delayMs } })
}

type FailHow = { readonly apart: string | undefined; readonly keepsBell: boolean; readonly owes: Changes }

function failRun(
  head: Head,
  event: Event & { readonly chance: number },
  error: TaskError,
  code: number,
  how: FailHow,
): Decision {
  const by = head.run?.instance
  if (head.cancel !== undefined) {
    return end(head, event, 'canceled', 499, head.cancel.by, head.cancel.reason, how.owes)
  }
  const failureCount = head.failureCount + 1
  if (!error.retryable || failureCount >= head.retry.maxRuns) {
    const outcome: Changes = how.apart === undefined ? { error } : { outcomeApart: how.apart }
    return end(head, event, 'failed', code, by, error.message, { ...outcome, ...how.owes, failureCount })
  }
  const delayMs = retryDelayMs(head.retry, failureCount, event.chance)
  return again(
    head,
    event,
    delayMs,
    ['will retry', by, error.message],
    { failureCount, error: shortError(error) },
    how.keepsBell,
  )
}

/**
 * Back to the queue. A run that was never renewed still holds its bell: no new one is sent, its hide is set to the
 * backoff (protocol 8). A renewed run's bell is gone, and a delay over 15 minutes goes to `waiting` with a due.
 */
function again(
  head: Head,
  event: Event,
  delayMs: number,
  [move, by, why]: readonly [string, string | undefined, string | undefined],
  counted: Changes,
  keepsBell: boolean,
): Decision {
  const changes: Changes = {
    ...nothingOwned,
    ...counted,
    statusCode: 102,
    retryAfter: delayMs === 0 ? undefined : event.now + delayMs,
    // What the index has once guarded keeps a place there, a day ahead: an upsert costs no more than a removal (11).
    due: head.due === undefined ? undefined : event.now + spans.auditGuardMs,
    history: line(head, [event.now, move, by, why]),
  }
  if (delayMs > spans.bellDelayMs) return to(head, event, by ?? 'clock', { ...changes, status: 'waiting' })
  const bell = keepsBell && head.run?.renewed === false ? { holdMs: delayMs } : { bell: { delayMs } }
  return to(head, event, by ?? 'clock', { ...changes, status: 'queued' }, bell)
}

function fault(code: string, message: string): TaskError {
  return { code, message: message.slice(0, limits.messageChars), retryable: false }
}

/** The error shown while a retry is pending is cut short: it travels with every write of the head. */
function shortError(error: TaskError): TaskError {
  return { code: error.code, message: error.message.slice(0, limits.reasonChars), retryable: error.retryable }
}

function isPast(time: number | undefined, now: number): boolean {
  return time !== undefined && time < now
}
