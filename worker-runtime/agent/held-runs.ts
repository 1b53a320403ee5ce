import { sharedMonotonicMs } from '#adapters/process/monotonic'
import type { Grant } from '#core/contract/worker-protocol'
import type { AbortReason } from '../failure.ts'
import { type Board, boardSlots, slotState } from '../link.ts'

/** The part of a grant that the agent reads; the rest is the main thread's. */
export interface GrantHead {
  readonly run: string
  readonly ticket: string
  readonly leaseSeconds: number
  readonly timeoutSeconds?: number
  readonly alone?: boolean
  readonly undo?: Grant['undo']
  readonly task: { readonly id: string }
}

/** One run that this instance holds, from its grant until the hub has answered its end or its hand-back. */
export interface Held {
  readonly grant: GrantHead
  readonly slot: number
  readonly arrivedAtMs: number
  /** From when the lease counts: the grant's arrival, then the sending of the last good renewal. */
  leaseFromMs: number
  renewed: boolean
  renewing: boolean
  /** The newest report that the hub has not been sent. */
  progress: string | undefined
  progressSentAtMs: number
  /** A renewal with progress is under way: the end waits for it, so that the last report is the one that stays. */
  progressUnderWay: boolean
  /** A suspend is under way: nothing else is written for it meanwhile. */
  suspending: boolean
  endLine: string | undefined
  aborted: AbortReason | undefined
  abortedAtMs: number
  /** Its end or hand-back is on its way: nothing else is written for it. */
  leaving: boolean
}

export interface HeldRuns {
  readonly add: (grant: GrantHead) => Held | undefined
  readonly get: (run: string) => Held | undefined
  readonly remove: (run: string) => void
  readonly all: () => IterableIterator<Held>
  readonly size: () => number
  readonly hasAlone: () => boolean
  /** Slots that the main thread has not given back: runs under way, and handlers that outlived theirs. */
  readonly slotsInUse: () => number
  readonly freeSlot: (slot: number) => void
  readonly isStarted: (held: Held) => boolean
  /** True if the run had not started and never will: it is the agent's to hand back. */
  readonly takeBack: (held: Held) => boolean
  readonly startedAtMs: (held: Held) => number
}

export function createHeldRuns(board: Board): HeldRuns {
  const runs = new Map<string, Held>()
  const freeSlots = Array.from({ length: boardSlots }, (_, index) => boardSlots - 1 - index)
  let alone = 0

  return {
    add: (grant) => {
      const slot = freeSlots.pop()
      if (slot === undefined) return undefined
      const now = sharedMonotonicMs()
      const held: Held = {
        grant,
        slot,
        arrivedAtMs: now,
        leaseFromMs: now,
        renewed: false,
        renewing: false,
        progress: undefined,
        progressSentAtMs: now,
        progressUnderWay: false,
        suspending: false,
        endLine: undefined,
        aborted: undefined,
        abortedAtMs: 0,
        leaving: false,
      }
      Atomics.store(board.states, slot, slotState.granted)
      runs.set(grant.run, held)
      if (grant.alone === true) alone++
      return held
    },
    get: (run) => runs.get(run),
    remove: (run) => {
      if (runs.get(run)?.grant.alone === true) alone--
      runs.delete(run)
    },
    all: () => runs.values(),
    size: () => runs.size,
    hasAlone: () => alone > 0,
    slotsInUse: () => boardSlots - freeSlots.length,
    freeSlot: (slot) => {
      Atomics.store(board.states, slot, slotState.free)
      freeSlots.push(slot)
    },
    isStarted: ({ slot }) => Atomics.load(board.states, slot) === slotState.started,
    takeBack: ({ slot }) =>
      Atomics.compareExchange(board.states, slot, slotState.granted, slotState.takenBack) === slotState.granted,
    startedAtMs: ({ slot }) => board.startedAtMs[slot] ?? 0,
  }
}
