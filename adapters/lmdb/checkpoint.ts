import type { Databases } from './databases.ts'
import { recordOf } from './head-record.ts'
import type { Heads } from './heads.ts'

/** So many heads a flush are put where they belong on disk: enough to keep up, few enough that no flush gets long. */
const headsMost = 2_000
/** The log may grow so far before unfinished heads are put down too and its old entries go. */
export const logBytesMost = 4 * 1_024 * 1_024
const entriesRemovedMost = 256

export interface CheckpointWork {
  /** Runs inside the transaction, before the group's own writes. */
  readonly put: () => void
  /** Runs once the transaction is on disk. */
  readonly done: () => void
}

/**
 * Moves heads from the log to their databases, some with each flush. Ended heads go at once; unfinished ones only when
 * the log has grown, since most tasks end before that and never need it. The log is cut only up to the checkpoint
 * before the last one, so that a reader of the feed has time to note how far it came.
 */
export class Checkpoint {
  readonly #databases: Databases
  readonly #heads: Heads
  readonly #logBytesMost: number
  #logBytes = 0
  #walk: { readonly left: string[]; readonly upTo: number } | undefined
  #cutUpTo = 0
  #lastUpTo = 0

  constructor(databases: Databases, heads: Heads, logBytes = logBytesMost) {
    this.#databases = databases
    this.#heads = heads
    this.#logBytesMost = logBytes
  }

  noteLog(bytes: number): void {
    this.#logBytes += bytes
  }

  /** Whether there is something to put down although nobody writes. */
  get isOwed(): boolean {
    return this.#heads.settled.size > 0 || this.#walk !== undefined
  }

  /** Begins to put down all unfinished heads, as when the log has grown. `lastSeq` is the newest durable log entry. */
  begin(lastSeq: number): void {
    this.#walk ??= { left: [...this.#heads.dirty], upTo: lastSeq }
    this.#logBytes = 0
  }

  next(lastSeq: number): CheckpointWork {
    if (this.#logBytes > this.#logBytesMost) this.begin(lastSeq)
    const { open, ended, log } = this.#databases
    const settled = firstOf(this.#heads.settled, headsMost)
    const walked = this.#walkOn(headsMost - settled.length)
    const endedTexts = settled.map(([pk]) => this.#record(pk))
    const openTexts = walked.map(([pk]) => this.#record(pk))
    const cut = [...log.getKeys({ end: this.#cutUpTo + 1, limit: this.#cutUpTo === 0 ? 0 : entriesRemovedMost })]
    return {
      put: () => {
        for (const [index, [pk]] of settled.entries()) {
          ended.putSync(pk, endedTexts[index] ?? '')
          if (this.#heads.recorded.has(pk)) open.removeSync(pk)
        }
        for (const [index, [pk]] of walked.entries()) open.putSync(pk, openTexts[index] ?? '')
        for (const seq of cut) log.removeSync(seq)
      },
      done: () => {
        for (const [pk, item] of settled) this.#heads.forgetSettled(pk, item)
        for (const [pk, item] of walked) {
          this.#heads.recorded.add(pk)
          if (this.#heads.open.get(pk) === item) this.#heads.dirty.delete(pk)
        }
        this.#finishWalk()
      },
    }
  }

  #record(pk: string): string {
    const text = this.#heads.text(pk)
    if (text === undefined) throw new Error(`checkpoint: ${pk} is in memory without its text`)
    return recordOf(text)
  }

  #walkOn(most: number): [string, NonNullable<ReturnType<Heads['get']>>][] {
    const walked: [string, NonNullable<ReturnType<Heads['get']>>][] = []
    while (this.#walk !== undefined && this.#walk.left.length > 0 && walked.length < most) {
      const pk = this.#walk.left.pop()
      const item = pk === undefined ? undefined : this.#heads.open.get(pk)
      if (pk !== undefined && item !== undefined && this.#heads.dirty.has(pk)) walked.push([pk, item])
    }
    return walked
  }

  /** The walk is over when all it found open is put down, or has ended and been put down as such. */
  #finishWalk(): void {
    if (this.#walk === undefined || this.#walk.left.length > 0 || this.#heads.settled.size > 0) return
    this.#cutUpTo = this.#lastUpTo
    this.#lastUpTo = this.#walk.upTo
    this.#walk = undefined
  }
}

function firstOf<Key, Value>(map: ReadonlyMap<Key, Value>, most: number): [Key, Value][] {
  const entries: [Key, Value][] = []
  for (const entry of map) {
    if (entries.length === most) break
    entries.push(entry)
  }
  return entries
}
