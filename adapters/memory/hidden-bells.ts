import type { Entry } from './bell-queue.ts'

/** Bells in hiding, in buckets of time: adding and removing cost the same with ten of them and with a million. */
const bucketMs = 64

export class HiddenBells {
  readonly #buckets = new Map<number, Set<Entry>>()
  #order: number[] = []
  #sorted = true
  #delayed = 0
  #held = 0

  add(entry: Entry): void {
    const key = Math.floor(entry.visibleAtMs / bucketMs)
    let bucket = this.#buckets.get(key)
    if (bucket === undefined) {
      bucket = new Set()
      this.#buckets.set(key, bucket)
      const last = this.#order.at(-1)
      if (last !== undefined && last > key) this.#sorted = false
      this.#order.push(key)
    }
    bucket.add(entry)
    this.#count(entry, 1)
  }

  remove(entry: Entry): void {
    const key = Math.floor(entry.visibleAtMs / bucketMs)
    if (this.#buckets.get(key)?.delete(entry) === true) this.#count(entry, -1)
  }

  takeDue(nowMs: number): readonly Entry[] {
    this.#sort()
    const due: Entry[] = []
    const nowKey = Math.floor(nowMs / bucketMs)
    let passed = 0
    for (const key of this.#order) {
      if (key > nowKey) break
      const bucket = this.#buckets.get(key)
      for (const entry of bucket ?? []) {
        if (entry.visibleAtMs > nowMs) continue
        bucket?.delete(entry)
        this.#count(entry, -1)
        due.push(entry)
      }
      if (key === nowKey) break
      this.#buckets.delete(key)
      passed++
    }
    if (passed > 0) this.#order = this.#order.slice(passed)
    due.sort((a, b) => a.visibleAtMs - b.visibleAtMs)
    return due
  }

  /** When the next bell comes out of hiding, on the monotonic clock. */
  nextAtMs(): number | undefined {
    this.#sort()
    for (const key of this.#order) {
      const bucket = this.#buckets.get(key)
      if (bucket === undefined || bucket.size === 0) continue
      let next = Number.POSITIVE_INFINITY
      for (const entry of bucket) next = Math.min(next, entry.visibleAtMs)
      return next
    }
    return undefined
  }

  count(): { readonly delayed: number; readonly held: number } {
    return { delayed: this.#delayed, held: this.#held }
  }

  *all(): Generator<Entry> {
    for (const bucket of this.#buckets.values()) yield* bucket
  }

  #count(entry: Entry, by: 1 | -1): void {
    if (entry.receivedCount === 0) this.#delayed += by
    else this.#held += by
  }

  #sort(): void {
    if (!this.#sorted) this.#order.sort((a, b) => a - b)
    this.#sorted = true
  }
}
