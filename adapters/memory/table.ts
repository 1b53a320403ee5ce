import { isOlder, sameVersion } from '#core/head'
import type { Change, CommitOutcome, Item, Key, ListRange, Page, Write } from '#core/ports'

/** The table in memory: what a store does to items, without time and without faults. Every method is atomic. */
export class MemoryTable {
  readonly #partitions = new Map<string, Map<string, Item>>()
  readonly #due = new Map<string, Item>()
  readonly changes: Change[] = []

  get({ pk, sk }: Key): Item | undefined {
    return this.#partitions.get(pk)?.get(sk)
  }

  list(range: ListRange): Page {
    const backwards = range.backwards === true
    const items = [...(this.#partitions.get(range.pk)?.values() ?? [])]
      .filter((item) => isWithin(item.sk, range))
      .sort((a, b) => (a.sk < b.sk === backwards ? 1 : -1))
    const page = items.slice(0, range.limit)
    return items.length > range.limit ? { items: page, next: page.at(-1)?.sk } : { items: page }
  }

  due(until: number, limit: number): readonly (Key & { readonly due: number })[] {
    return [...this.#due.values()]
      .flatMap(({ pk, sk, due }) => (due !== undefined && due <= until ? [{ pk, sk, due }] : []))
      .sort((a, b) => a.due - b.due)
      .slice(0, limit)
  }

  write(write: Write): CommitOutcome {
    const key = write.kind === 'put' ? write.item : write.key
    const current = this.get(key)
    if (!holds(write, current)) return { kind: 'conflict', current }
    if (write.kind === 'delete') this.#remove(key, current)
    else this.#put(write.item, current)
    return { kind: 'written' }
  }

  addToSet(key: Key, members: readonly string[]): number {
    const standing = this.get(key)
    const union = new Set([
      ...((standing?.data as { readonly set: readonly string[] } | undefined)?.set ?? []),
      ...members,
    ])
    const item: Item = { ...key, born: standing?.born ?? 'set', n: (standing?.n ?? 0) + 1, data: { set: [...union] } }
    this.#put(item, standing)
    return union.size
  }

  /** Every item there is, for checks of the whole. */
  *all(): Generator<Item> {
    for (const partition of this.#partitions.values()) yield* partition.values()
  }

  #put(item: Item, before: Item | undefined): void {
    let partition = this.#partitions.get(item.pk)
    if (partition === undefined) {
      partition = new Map()
      this.#partitions.set(item.pk, partition)
    }
    // What is kept is a copy as JSON has it: nobody changes it from outside, and `undefined` is not kept.
    const after = JSON.parse(JSON.stringify(item)) as Item
    partition.set(item.sk, after)
    const key = `${item.pk} ${item.sk}`
    if (item.due === undefined) this.#due.delete(key)
    else this.#due.set(key, after)
    this.changes.push({ pk: item.pk, sk: item.sk, before, after })
  }

  #remove({ pk, sk }: Key, before: Item | undefined): void {
    const partition = this.#partitions.get(pk)
    partition?.delete(sk)
    if (partition?.size === 0) this.#partitions.delete(pk)
    this.#due.delete(`${pk} ${sk}`)
    if (before !== undefined) this.changes.push({ pk, sk, before })
  }
}

/** Whether a write's condition holds over what stands there. */
export function holds(write: Write, current: Item | undefined): boolean {
  const { condition } = write
  switch (condition.kind) {
    case 'absent':
      return current === undefined
    case 'at':
      return current !== undefined && sameVersion(current, condition)
    case 'newer':
      return current === undefined || (write.kind === 'put' && isOlder(current, write.item))
    case 'any':
      return true
    default:
      return condition satisfies never
  }
}

export function isWithin(sk: string, range: ListRange): boolean {
  const { prefix, after, from, to } = range
  if (prefix !== undefined && !sk.startsWith(prefix)) return false
  if (from !== undefined && sk < from) return false
  if (to !== undefined && sk >= to) return false
  if (after === undefined) return true
  return range.backwards === true ? sk < after : sk > after
}
