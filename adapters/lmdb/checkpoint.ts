import type { Item } from '#core/ports'
import type { Databases } from './databases.ts'
import { recordOf } from './head-record.ts'
import type { Heads, Slot } from './heads.ts'

/** So many heads in one go are put where they belong on disk: enough to share pages, few enough that no flush gets long. */
const headsMost = 2_000
/** Ended heads wait for company, since each alone would cost a page: so many, or so long. */
const settledLeast = 1_000
const settledWaitMs = 100
/** The log may grow so far before unfinished heads are put down too and its old entries go. */
export const logBytesMost = 4 * 1_024 * 1_024
const entriesRemovedMost = 256

export interface CheckpointWork {
  /** Runs inside the transaction, before the group's own writes. */
  readonly put: () => void
  /** Runs once the transaction is on disk. */
  readonly done: () => void
}

interface Record {
  readonly slot: Slot
  readonly item: Item
  readonly text: string
}

const nothing: CheckpointWork = { put: () => undefined, done: () => undefined }

export interface CheckpointOptions {
  readonly databases: Databases
  readonly heads: Heads
  readonly monotonicMs: () => number
  /** Default 4 MiB. */
  readonly logBytesMost?: number | undefined
}

/**
 * Moves heads from the log to their databases, some with a flush now and then. Ended heads go soon; unfinished ones only
 * when the log has grown, since most tasks end before that and never need it. The log is cut only up to the checkpoint
 * before the last one, so that a reader of the feed has time to note how far it came.
 */
export class Checkpoint {
  readonly #databases: Databases
  readonly #heads: Heads
  readonly #monotonicMs: () => number
  readonly #logBytesMost: number
  #logBytes = 0
  #walk: { readonly left: Slot[]; readonly upTo: number } | undefined
  #cutUpTo = 0
  #lastUpTo = 0
  #putAtMs = Number.NEGATIVE_INFINITY

  constructor({ databases, heads, monotonicMs, logBytesMost: most = logBytesMost }: CheckpointOptions) {
    this.#databases = databases
    this.#heads = heads
    this.#monotonicMs = monotonicMs
    this.#logBytesMost = most
  }

  noteLog(bytes: number): void {
    this.#logBytes += bytes
  }

  /** Whether there is something to put down although nobody writes. */
  get isOwed(): boolean {
    return this.#heads.settledCount > 0 || this.#walk !== undefined
  }

  /** Begins to put down all unfinished heads, as when the log has grown. `lastSeq` is the newest durable log entry. */
  begin(lastSeq: number): void {
    this.#walk ??= { left: this.#heads.takeDirty(), upTo: lastSeq }
    this.#logBytes = 0
  }

  next(lastSeq: number): CheckpointWork {
    if (this.#logBytes > this.#logBytesMost) this.begin(lastSeq)
    const nowMs = this.#monotonicMs()
    const isTime = this.#heads.settledCount >= settledLeast || nowMs - this.#putAtMs >= settledWaitMs
    if (!isTime && this.#walk === undefined) return nothing
    this.#putAtMs = nowMs
    const { open, ended, log } = this.#databases
    const settled = recordsOf(this.#heads.takeSettled(headsMost))
    const walked = recordsOf(this.#walkOn(headsMost - settled.length))
    const cut = [...log.getKeys({ end: this.#cutUpTo + 1, limit: this.#cutUpTo === 0 ? 0 : entriesRemovedMost })]
    // A promise of lmdb's for each put would cost more than the put: they share the transaction's.
    return {
      put: () => {
        for (const { slot, text } of settled) {
          void ended.put(slot.pk, text)
          if (slot.isRecorded) void open.remove(slot.pk)
        }
        for (const { slot, text } of walked) void open.put(slot.pk, text)
        for (const seq of cut) void log.remove(seq)
      },
      done: () => {
        for (const { slot, item } of settled) this.#heads.forget(slot, item)
        for (const { slot, item } of walked) this.#heads.noteRecorded(slot, item)
        this.#finishWalk()
      },
    }
  }

  /** Those with a write on their way wait: what stands in memory of them is not on disk yet. */
  #walkOn(most: number): readonly Slot[] {
    const walk = this.#walk
    if (walk === undefined) return []
    const part = walk.left.splice(-most, most).filter(({ isDirty }) => isDirty)
    walk.left.unshift(...part.filter(({ pending }) => pending > 0))
    return part.filter(({ pending }) => pending === 0)
  }

  /** The walk is over when all it found open is put down, or has ended and been put down as such. */
  #finishWalk(): void {
    if (this.#walk === undefined || this.#walk.left.length > 0 || this.#heads.settledCount > 0) return
    this.#cutUpTo = this.#lastUpTo
    this.#lastUpTo = this.#walk.upTo
    this.#walk = undefined
  }
}

function recordsOf(slots: readonly Slot[]): readonly Record[] {
  return slots.flatMap((slot) =>
    slot.item === undefined ? [] : [{ slot, item: slot.item, text: recordOf(slot.text()) }],
  )
}
