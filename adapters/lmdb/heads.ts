import { headSk } from '#core/keys'
import type { Item, Key } from '#core/ports'
import type { Databases } from './databases.ts'
import { decodeText, type HeadText, textOfRecord } from './head-record.ts'

/**
 * Heads as they stand: the unfinished ones in memory, with those that have a `due`; ended ones in memory only until the
 * next checkpoint has put them on disk.
 */
export class Heads {
  readonly #databases: Databases
  readonly open = new Map<string, Item>()
  /** What the records of all heads in memory are made of. */
  readonly #texts = new Map<string, HeadText>()
  /** Ended heads that so far stand in the log alone, oldest first. */
  readonly settled = new Map<string, Item>()
  /** Open heads whose newest state stands in the log alone. */
  readonly dirty = new Set<string>()
  /** Those that have a record in the `open` database, which must go when they end. */
  readonly recorded = new Set<string>()
  readonly #due = new Map<string, number>()
  #dueNotBefore = Number.POSITIVE_INFINITY

  constructor(databases: Databases) {
    this.#databases = databases
  }

  get(pk: string): Item | undefined {
    const standing = this.open.get(pk) ?? this.settled.get(pk)
    if (standing !== undefined) return standing
    const text = this.#databases.ended.get(pk)
    return text === undefined ? undefined : decodeText(textOfRecord(text))
  }

  text(pk: string): HeadText | undefined {
    return this.#texts.get(pk)
  }

  /** The state after a flush. Only a head that has ended has an `expiresAt` (protocol 31). */
  set(item: Item, text: HeadText): void {
    const { pk } = item
    this.#texts.set(pk, text)
    if (item.expiresAt !== undefined) {
      this.open.delete(pk)
      this.dirty.delete(pk)
      this.settled.delete(pk)
      this.settled.set(pk, item)
      if (this.#due.size > 0) this.#due.delete(pk)
      return
    }
    this.open.set(pk, item)
    this.dirty.add(pk)
    if (this.settled.size > 0) this.settled.delete(pk)
    this.#setDue(pk, item.due)
  }

  /** A checkpoint has put this ended head down: it need not be in memory any more. */
  forgetSettled(pk: string, item: Item): void {
    this.recorded.delete(pk)
    if (this.settled.get(pk) !== item) return
    this.settled.delete(pk)
    this.#texts.delete(pk)
  }

  delete(pk: string): void {
    this.#texts.delete(pk)
    this.open.delete(pk)
    this.settled.delete(pk)
    this.dirty.delete(pk)
    this.recorded.delete(pk)
    this.#due.delete(pk)
  }

  due(until: number, limit: number): readonly (Key & { readonly due: number })[] {
    if (this.#dueNotBefore > until) return []
    const entries: (Key & { readonly due: number })[] = []
    let next = Number.POSITIVE_INFINITY
    for (const [pk, due] of this.#due) {
      if (due <= until) entries.push({ pk, sk: headSk, due })
      if (due < next) next = due
    }
    this.#dueNotBefore = next
    return entries.sort((a, b) => a.due - b.due).slice(0, limit)
  }

  /** Nothing is due before `#dueNotBefore`: it may be too early, never too late. */
  #setDue(pk: string, due: number | undefined): void {
    if (due === undefined) {
      if (this.#due.size > 0) this.#due.delete(pk)
      return
    }
    this.#due.set(pk, due)
    if (due < this.#dueNotBefore) this.#dueNotBefore = due
  }
}
