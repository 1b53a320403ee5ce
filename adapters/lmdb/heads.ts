import type { Head } from '#core/head'
import { headSk } from '#core/keys'
import { headOf } from '#core/layout'
import type { Item, Key } from '#core/ports'
import type { Databases } from './databases.ts'
import { decodeText, encodeMoving, encodeWhole, type HeadText, onlyMoved, textOfRecord } from './head-record.ts'

/** How many heads a walk over all of them takes at a time. */
const portionHeads = 1_000

/** One head in memory: as readers see it, and as it will stand once all that is on its way to disk is there. */
export class Slot {
  readonly pk: string
  /** Durable; undefined: not there. */
  item: Item | undefined
  /** What conditions are checked against: `item`, or the last write that is on its way. */
  latest: Item | undefined
  /** How many writes are on their way. */
  pending = 0
  /** The texts of the record of `latest`; empty while there is none that a move could build on. */
  whole = ''
  moving: string | undefined
  /** Unfinished, and its newest state stands in the log alone. */
  isDirty = false
  /** Has a record in the `open` database, which must go when it ends. */
  isRecorded = false
  /** Ended, and waits for the checkpoint to put it down. */
  isSettled = false

  constructor(pk: string, item: Item | undefined) {
    this.pk = pk
    this.item = item
    this.latest = item
  }

  text(): HeadText {
    return { whole: this.whole, moving: this.moving }
  }

  /**
   * Takes the next state and answers the mark of its line in the log: `W` whole, `M` what moves, `D` gone. The text is
   * in `whole` or `moving` then. Nothing has changed if it throws.
   */
  stage(after: Item | undefined): 'W' | 'M' | 'D' {
    const mark = this.#encode(after)
    this.latest = after
    this.pending++
    return mark
  }

  #encode(after: Item | undefined): 'W' | 'M' | 'D' {
    if (after === undefined) {
      this.whole = ''
      this.moving = undefined
      return 'D'
    }
    const head = headOf(after)
    const before = this.latest
    const isBase = this.whole !== '' && before !== undefined && before.expiresAt === undefined
    if (isBase && onlyMoved(headOf(before), head)) {
      this.moving = encodeMoving(head)
      return 'M'
    }
    this.whole = encodeWhole(head)
    this.moving = undefined
    return 'W'
  }
}

/**
 * Heads as they stand: the unfinished ones in memory, with those that have a `due`; ended ones in memory only until a
 * checkpoint has put them on disk.
 */
export class Heads {
  readonly #databases: Databases
  readonly #slots = new Map<string, Slot>()
  /** Ended heads that so far stand in the log alone, oldest first; some of them may live again by now. */
  readonly #settled: Slot[] = []
  /** Whatever became dirty since the last walk began; some of them have ended or been put down by now. */
  #dirtied: Slot[] = []
  readonly #due = new Map<string, number>()
  #dueNotBefore = Number.POSITIVE_INFINITY

  constructor(databases: Databases) {
    this.#databases = databases
  }

  /** The durable state. */
  get(pk: string): Item | undefined {
    const slot = this.#slots.get(pk)
    return slot === undefined ? this.ended(pk) : slot.item
  }

  find(pk: string): Slot | undefined {
    return this.#slots.get(pk)
  }

  /** An ended head that need not be in memory. */
  ended(pk: string): Item | undefined {
    const text = this.#databases.ended.get(pk)
    return text === undefined ? undefined : decodeText(textOfRecord(text))
  }

  /** Puts a head into memory, as it is about to be written. */
  keep(pk: string, item: Item | undefined): Slot {
    const slot = new Slot(pk, item)
    this.#slots.set(pk, slot)
    return slot
  }

  /** One write of this head is on disk. Only a head that has ended has an `expiresAt` (protocol 31). */
  settle(slot: Slot, item: Item | undefined): void {
    slot.item = item
    slot.pending--
    if (item === undefined) {
      slot.isDirty = false
      slot.isSettled = false
      this.#due.delete(slot.pk)
      if (slot.latest === undefined && slot.pending === 0) this.#slots.delete(slot.pk)
      return
    }
    if (item.expiresAt === undefined) {
      if (!slot.isDirty) this.#dirtied.push(slot)
      slot.isDirty = true
      slot.isSettled = false
      this.#setDue(slot.pk, item.due)
      return
    }
    slot.isDirty = false
    if (this.#due.size > 0) this.#due.delete(slot.pk)
    if (slot.isSettled) return
    slot.isSettled = true
    this.#settled.push(slot)
  }

  /** The state found on disk at opening. */
  restore(item: Item, { whole, moving }: HeadText): Slot {
    const slot = this.#slots.get(item.pk) ?? this.keep(item.pk, undefined)
    slot.latest = item
    slot.whole = whole
    slot.moving = moving
    slot.pending = 1
    this.settle(slot, item)
    return slot
  }

  /** Gone, as the log tells at opening. */
  remove(pk: string): void {
    this.#slots.delete(pk)
    this.#due.delete(pk)
  }

  *open(): Generator<Slot> {
    for (const slot of this.#slots.values())
      if (slot.item !== undefined && slot.item.expiresAt === undefined) yield slot
  }

  /** Whatever stands: those in memory, then the ended ones on disk, by their keys. */
  *all(): Generator<readonly Head[]> {
    const standing = [...this.#slots.values()].flatMap(({ item }) => (item === undefined ? [] : [headOf(item)]))
    for (let from = 0; from < standing.length; from += portionHeads) yield standing.slice(from, from + portionHeads)
    let after = ''
    for (;;) {
      const range = this.#databases.ended.getRange({ start: after, exclusiveStart: after !== '', limit: portionHeads })
      const entries = [...range]
      const last = entries.at(-1)
      if (last === undefined) return
      after = last.key
      // One that is in memory as well has moved on since.
      const ended = entries.filter(({ key }) => !this.#slots.has(key))
      yield ended.map(({ value }) => headOf(decodeText(textOfRecord(value))))
    }
  }

  isOpen(pk: string): boolean {
    const item = this.#slots.get(pk)?.item
    return item !== undefined && item.expiresAt === undefined
  }

  /** The unfinished heads whose newest state stands in the log alone; they are this caller's from here on. */
  takeDirty(): Slot[] {
    const dirty = this.#dirtied.filter(({ isDirty }) => isDirty)
    this.#dirtied = []
    return dirty
  }

  get settledCount(): number {
    return this.#settled.length
  }

  /** The ended heads that may be put down now, oldest first; they are this caller's from here on. */
  takeSettled(most: number): readonly Slot[] {
    return this.#settled.splice(0, most).filter((slot) => {
      const isReady = slot.isSettled && slot.pending === 0
      // One with a write on its way comes again when that is on disk.
      slot.isSettled = false
      return isReady
    })
  }

  /** A checkpoint has put this ended head down: unless it has moved on, it need not be in memory any more. */
  forget(slot: Slot, put: Item): void {
    slot.isRecorded = false
    if (slot.pending === 0 && slot.latest === put && this.#slots.get(slot.pk) === slot) this.#slots.delete(slot.pk)
  }

  /** A checkpoint has put this unfinished head down, as it was a moment ago. */
  noteRecorded(slot: Slot, put: Item): void {
    slot.isRecorded = true
    if (slot.item === put) slot.isDirty = false
    else if (slot.isDirty) this.#dirtied.push(slot)
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
