import type { Item, Key } from '#core/ports'
import type { Checkpoint } from './checkpoint.ts'
import { type Databases, encodeItem, isHead, itemKey } from './databases.ts'
import type { HeadText } from './head-record.ts'

/** One write that waits for its flush: the item as it will stand, or its absence. */
export interface Staged {
  readonly key: Key
  readonly item: Item | undefined
  readonly before: Item | undefined
  /** Of a head: the text of the record it follows, until its own is made. */
  text: HeadText | undefined
}

interface Group {
  readonly staged: Staged[]
  readonly afterFlush: (() => void)[]
  readonly flushed: Promise<void>
  readonly settle: { resolve: () => void; reject: (error: unknown) => void }
}

export interface LogEntry {
  readonly seq: number
  readonly bytes: Buffer
}

export interface GroupCommitOptions {
  readonly databases: Databases
  readonly checkpoint: Checkpoint
  /** The log's entry for these changes; undefined if none of them is told. */
  readonly logEntry: (staged: readonly Staged[]) => LogEntry | undefined
  readonly lastSeq: () => number
  /** Everything staged is durable: now it may be seen. */
  readonly onFlushed: (staged: readonly Staged[]) => void
}

export interface AddOptions {
  /** Runs in the moment in which the group is durable. */
  readonly afterFlush?: () => void
  /** Rides on the next flush if there is one soon. */
  readonly isPatient?: boolean
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

  get isBroken(): boolean {
    return this.#broken !== undefined
  }

  /** Resolves when everything staged with it is durable and visible. `afterFlush` runs in that same moment. */
  add(staged: readonly Staged[], { afterFlush, isPatient = false }: AddOptions = {}): Promise<void> {
    if (this.#broken !== undefined) return Promise.reject(this.#broken)
    this.#gathering ??= newGroup()
    const group = this.#gathering
    for (const write of staged) group.staged.push(write)
    if (afterFlush !== undefined) group.afterFlush.push(afterFlush)
    if (isPatient) this.#scheduleLater()
    else this.#schedule()
    return group.flushed
  }

  /** Flushes until nothing is left, the checkpoint's debts included. */
  async drain(): Promise<void> {
    while (
      this.#broken === undefined &&
      (this.#gathering !== undefined || this.#isFlushing || this.#options.checkpoint.isOwed)
    ) {
      await this.add([])
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
      await this.#write(group)
      this.#options.onFlushed(group.staged)
      for (const run of group.afterFlush) run()
      group.settle.resolve()
    } catch (error) {
      this.#fail(group, error)
    }
    this.#isFlushing = false
    if (this.#gathering === undefined) this.#afterPause()
    else if (this.#isUrgent) this.#schedule()
  }

  /** Everything is encoded before the first put: lmdb commits what was put before a throw in the callback. */
  async #write(group: Group): Promise<void> {
    const { databases, checkpoint, logEntry, lastSeq } = this.#options
    const { root, log, open, ended, items } = databases
    const work = checkpoint.next(lastSeq())
    const entry = logEntry(group.staged)
    const others: [string, string | undefined][] = []
    const removed: string[] = []
    for (const { key, item } of group.staged) {
      if (!isHead(key)) others.push([itemKey(key), item === undefined ? undefined : encodeItem(item)])
      else if (item === undefined) removed.push(key.pk)
    }
    const committed = root.transaction(() => {
      work.put()
      for (const pk of removed) {
        ended.removeSync(pk)
        open.removeSync(pk)
      }
      for (const [key, value] of others) {
        if (value === undefined) items.removeSync(key)
        else items.putSync(key, value)
      }
      if (entry !== undefined) log.putSync(entry.seq, entry.bytes)
    })
    await within(committed, flushMostMs)
    work.done()
    checkpoint.noteLog(entry?.bytes.length ?? 0)
  }

  #afterPause(): void {
    clearTimeout(this.#idle)
    if (!this.#options.checkpoint.isOwed || this.#broken !== undefined) return
    this.#idle = setTimeout(() => {
      this.add([]).catch(() => undefined)
    }, idleCheckpointMs)
    this.#idle.unref()
  }

  #fail(group: Group, cause: unknown): void {
    const error = new Error('the store could not write: nothing more is accepted', { cause })
    this.#broken = error
    group.settle.reject(error)
    this.#gathering?.settle.reject(error)
    this.#gathering = undefined
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

function newGroup(): Group {
  const settle: Group['settle'] = { resolve: () => undefined, reject: () => undefined }
  const flushed = new Promise<void>((resolve, reject) => {
    settle.resolve = resolve
    settle.reject = reject
  })
  // Each commit that waits handles the failure itself; a group that nobody waits for must not end the process.
  flushed.catch(() => undefined)
  return { staged: [], afterFlush: [], flushed, settle }
}
