import * as bulkMoves from './bulk-moves.ts'
import * as canceling from './canceling.ts'
import type { Status } from './contract/task.ts'
import type { Decision, Event, RefusalReason } from './events.ts'
import * as flowMoves from './flow/moves.ts'
import type { Head } from './head.ts'
import { watch } from './live/watched.ts'
import { refused } from './make-move.ts'
import * as moves from './moves.ts'

/**
 * The life of a task: which event moves it from where to where. This table is the only place that says so; `decide`
 * may not produce a move that is not in it (a test walks every pair), and the README's state diagram is made from it.
 *
 * Invariants the moves keep (numbers of docs/protocol.md):
 * L1 a move into `queued` comes with a bell, or keeps the one its run still holds (8);
 * L2 `waiting`, `suspended`, renewed runs and bulks have a `due`; so has whatever may expire or waits for a cancel to end (1);
 * L3 only the run that the head names may move a running head, besides cancel, loss, timeout and patch (2, 14);
 * L4 a terminal head has no run and no cancel flag; it has a `due` while it owes its sub tasks the news (28), and an
 * `expiresAt` once it does not and nobody above it may need it (31).
 */
export const table: Readonly<Record<Status, Readonly<Partial<Record<Event['kind'], readonly Status[]>>>>> = {
  waiting: {
    ripen: ['queued'],
    guard: ['waiting'],
    expire: ['expired'],
    cancel: ['canceled', 'queued'],
    patch: ['waiting', 'queued'],
    release: ['queued', 'waiting'],
    'fail-dependency': ['failed'],
    await: ['waiting'],
    watch: ['waiting'],
    orphan: ['waiting', 'canceled', 'queued'],
    rejoin: ['waiting'],
  },
  queued: {
    claim: ['running'],
    ring: ['queued'],
    guard: ['queued'],
    expire: ['expired'],
    cancel: ['canceled', 'queued'],
    'end-grace': ['canceled'],
    patch: ['queued', 'waiting'],
    await: ['queued'],
    watch: ['queued'],
    orphan: ['queued', 'canceled'],
    rejoin: ['queued'],
  },
  running: {
    renew: ['running'],
    succeed: ['succeeded'],
    fail: ['queued', 'waiting', 'failed', 'canceled'],
    stop: ['canceled', 'queued', 'failed'],
    'give-up': ['expired'],
    'hand-back': ['queued', 'failed', 'canceled'],
    lose: ['queued', 'waiting', 'failed', 'canceled'],
    'time-out': ['queued', 'waiting', 'failed', 'canceled'],
    'end-grace': ['canceled'],
    // What the hub works off by itself has no run that could be asked.
    cancel: ['running', 'canceled'],
    work: ['running', 'succeeded'],
    guard: ['running'],
    patch: ['running'],
    suspend: ['suspended'],
    await: ['running'],
    watch: ['running'],
    orphan: ['running'],
    rejoin: ['running'],
  },
  suspended: {
    claim: ['running'],
    wake: ['queued'],
    ring: ['suspended'],
    observe: ['suspended'],
    guard: ['suspended'],
    cancel: ['canceled', 'queued'],
    patch: ['suspended'],
    await: ['suspended'],
    watch: ['suspended'],
    orphan: ['suspended', 'canceled', 'queued'],
    rejoin: ['suspended'],
  },
  succeeded: {
    patch: ['succeeded'],
    orphan: ['succeeded'],
    rejoin: ['succeeded'],
    pay: ['succeeded'],
    guard: ['succeeded'],
  },
  failed: {
    retry: ['queued', 'waiting'],
    rejoin: ['queued', 'waiting', 'failed'],
    patch: ['failed'],
    orphan: ['failed'],
    pay: ['failed'],
    guard: ['failed'],
  },
  canceled: {
    retry: ['queued', 'waiting'],
    rejoin: ['queued', 'waiting', 'canceled'],
    patch: ['canceled'],
    orphan: ['canceled'],
    pay: ['canceled'],
    guard: ['canceled'],
  },
  expired: {
    retry: ['queued', 'waiting'],
    rejoin: ['queued', 'waiting', 'expired'],
    patch: ['expired'],
    orphan: ['expired'],
    pay: ['expired'],
    guard: ['expired'],
  },
}

/** What the event makes of the task, or why it may not. Pure: time, chance and ids come with the event. */
export function decide(head: Head, event: Event): Decision {
  const allowed = table[head.status][event.kind]
  if (allowed === undefined) return refused(reasonFor(head, event))
  const decision = decideAllowed(head, event)
  if (decision.kind === 'move' && !allowed.includes(decision.next.status)) {
    throw new Error(`lifecycle: ${event.kind} may not move ${head.status} to ${decision.next.status}`)
  }
  return decision
}

function decideAllowed(head: Head, event: Event): Decision {
  switch (event.kind) {
    case 'claim':
      return moves.claim(head, event)
    case 'renew':
      return ownedBy(head, event.run) ? moves.renew(head, event) : refused('not-owner')
    case 'succeed':
      return ownedBy(head, event.run) ? moves.succeed(head, event) : refused('not-owner')
    case 'fail':
      return ownedBy(head, event.run) ? moves.fail(head, event) : refused('not-owner')
    case 'stop':
      return ownedBy(head, event.run) ? moves.stop(head, event) : refused('not-owner')
    case 'give-up':
      return ownedBy(head, event.run) ? moves.giveUp(head, event) : refused('not-owner')
    case 'hand-back':
      return ownedBy(head, event.run) ? moves.handBack(head, event) : refused('not-owner')
    case 'lose':
      return moves.lose(head, event)
    case 'time-out':
      return moves.timeOut(head, event)
    case 'end-grace':
      return canceling.endGrace(head, event)
    case 'cancel':
      return canceling.cancel(head, event)
    case 'suspend':
      return ownedBy(head, event.run) ? flowMoves.suspend(head, event) : refused('not-owner')
    case 'wake':
      return flowMoves.wake(head, event)
    case 'observe':
      return flowMoves.observe(head, event)
    case 'release':
      return flowMoves.release(head, event)
    case 'fail-dependency':
      return flowMoves.failDependency(head, event)
    case 'await':
      return flowMoves.awaitEnd(head, event)
    case 'watch':
      return watch(head, event)
    case 'orphan':
      return flowMoves.orphan(head, event)
    case 'pay':
      return flowMoves.pay(head, event)
    case 'rejoin':
      return moves.rejoin(head, event)
    case 'ripen':
      return moves.ripen(head, event)
    case 'ring':
      return moves.ring(head, event)
    case 'guard':
      return moves.guard(head, event)
    case 'expire':
      return moves.expire(head, event)
    case 'work':
      return bulkMoves.work(head, event)
    case 'retry':
      return moves.retry(head, event)
    case 'patch':
      return moves.patch(head, event)
    default:
      return event satisfies never
  }
}

function ownedBy(head: Head, run: string): boolean {
  return head.run?.id === run
}

function reasonFor(head: Head, event: Event): RefusalReason {
  if (event.kind === 'cancel') return head.status === 'canceled' ? 'already-canceled' : 'already-ended'
  if ('run' in event && event.kind !== 'claim') return 'not-owner'
  if (event.kind === 'retry') return 'not-ended'
  return 'not-in-this-status'
}
