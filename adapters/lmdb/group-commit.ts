import type { Checkpoint } from './checkpoint.ts'
import type { Databases } from './databases.ts'
import { Group } from './group.ts'
import type { LineBuffer } from './line-buffer.ts'

export interface GroupCommitOptions {
  readonly databases: Databases
  readonly checkpoint: Checkpoint
  readonly lastSeq: () => number
  /** Everything in the group is durable: now it may be seen. `seq` is its entry in the log, if it has one. */
  readonly onFlushed: (group: Group, seq: number | undefined) => void
  /** Called once, with the first failure: from then on nothing is written. */
  readonly onBroken?: ((error: Error) => void) | undefined
}

/** A flush that takes longer has failed: after a bad write of a meta page lmdb may never answer. */
const flushMostMs = 30_000
/** How long a write that nobody waits for may wait for the flush of one that somebody does. */
const patienceMs = 20
/** When nobody writes, what the checkpoint owes is put down after this pause. */
const idleCheckpointMs = 100

/**
 * One transaction and one flush for everything that came while the last one was under way. A store that cannot write
 * stops: every commit from then on fails with the first error (protocol 43).
 */
export class GroupCommit {
  readonly #options: GroupCommitOptions
  #gathering: Group | undefined
  /** The buffer of the last flush, to be used again. */
  #spareLines: LineBuffer | undefined
  #isFlushing = false
  #isScheduled = false
  /** Whether what is gathered has somebody waiting for it. */
  #isUrgent = false
  #patience: NodeJS.Timeout | undefined
  #idle: NodeJS.Timeout | undefined
  #broken: Error | undefined

  constructor(options: GroupCommitOptions) {
    this.#options = options
  }

  /** The first failure, after which nothing is written any more. */
  get broken(): Error | undefined {
    return this.#broken
  }

  /** The group that the next flush takes. Stage into it and, in the same step, wait for it. */
  gathering(): Group {
    if (this.#broken !== undefined) throw this.#broken
    if (this.#gathering === undefined) {
      this.#gathering = new Group(this.#spareLines)
      this.#spareLines = undefined
    }
    return this.#gathering
  }

  /** Resolves when everything gathered so far is durable and visible. */
  flushed(): Group['written'] {
    const group = this.gathering()
    this.#schedule()
    return group.written
  }

  /** The same for what nobody waits for: it rides on the next flush if there is one soon. */
  flushedSoon(): Group['written'] {
    const group = this.gathering()
    this.#scheduleLater()
    return group.written
  }

  /** Flushes until nothing is left, the checkpoint's debts included. */
  async drain(): Promise<void> {
    while (
      this.#broken === undefined &&
      (this.#gathering !== undefined || this.#isFlushing || this.#options.checkpoint.isOwed)
    ) {
      await this.flushed()
    }
    clearTimeout(this.#idle)
  }

  #schedule(): void {
    this.#isUrgent = true
    if (this.#isFlushing || this.#isScheduled) return
    this.#isScheduled = true
    // The end of this turn of the event loop: whatever it still brings goes into the same flush.
    setImmediate(() => {
      this.#isScheduled = false
      void this.#flush()
    })
  }

  #scheduleLater(): void {
    this.#patience ??= setTimeout(() => {
      this.#patience = undefined
      this.#schedule()
    }, patienceMs)
  }

  async #flush(): Promise<void> {
    const group = this.#gathering
    if (group === undefined) return
    clearTimeout(this.#patience)
    this.#patience = undefined
    this.#gathering = undefined
    this.#isFlushing = true
    this.#isUrgent = false
    try {
      const seq = await this.#write(group)
      this.#options.onFlushed(group, seq)
      group.succeed()
      this.#spareLines = group.lines
    } catch (error) {
      this.#fail(group, error)
    }
    this.#isFlushing = false
    if (this.#gathering === undefined) this.#afterPause()
    else if (this.#isUrgent) this.#schedule()
  }

  async #write(group: Group): Promise<number | undefined> {
    const { databases, checkpoint, lastSeq } = this.#options
    const { root, log, open, ended, items } = databases
    const work = checkpoint.next(lastSeq())
    const seq = group.lines.length === 0 ? undefined : lastSeq() + 1
    const bytes = group.lines.bytes()
    // One transaction; lmdb's own thread does the puts, so the promises of the single ones say nothing more.
    const committed = root.batch(() => {
      work.put()
      for (const [index, slot] of group.heads.entries()) {
        if (group.states[index] !== undefined) continue
        void ended.remove(slot.pk)
        void open.remove(slot.pk)
      }
      for (const { name, text } of group.items) void (text === undefined ? items.remove(name) : items.put(name, text))
      if (seq !== undefined) void log.put(seq, bytes)
    })
    await within(committed, flushMostMs)
    work.done()
    checkpoint.noteLog(bytes.length)
    return seq
  }

  #afterPause(): void {
    clearTimeout(this.#idle)
    if (!this.#options.checkpoint.isOwed || this.#broken !== undefined) return
    this.#idle = setTimeout(() => {
      if (this.#broken === undefined) this.flushed().catch(() => undefined)
    }, idleCheckpointMs)
    this.#idle.unref()
  }

  #fail(group: Group, cause: unknown): void {
    if (this.#broken !== undefined) return
    const error = new Error('the store could not write: nothing more is accepted', { cause })
    this.#broken = error
    group.fail(error)
    this.#gathering?.fail(error)
    this.#gathering = undefined
    this.#options.onBroken?.(error)
  }
}

async function within(work: Promise<unknown>, mostMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`a flush took longer than ${mostMs / 1_000} s`)), mostMs)
  })
  try {
    await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
