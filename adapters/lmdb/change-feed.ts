import type { Change, Feed, Item, Key } from '#core/ports'
import type { Databases } from './databases.ts'
import { keyOfLine } from './log-entry.ts'

/** So many changes are kept in memory with their images, and the last flush always; older ones are read from the log. */
const changesInMemory = 1_000

interface ChangeGroup {
  readonly seq: number
  readonly changes: readonly Change[]
}

/**
 * The change feed over the log. A reader that keeps up gets the images from memory; one that comes later gets keys
 * from disk and the items as they stand now (protocol 45).
 */
export class ChangeFeed implements Feed {
  readonly #databases: Databases
  readonly #read: (key: Key) => Item | undefined
  readonly #listeners = new Set<() => void>()
  readonly #groups: ChangeGroup[] = []
  #changesKept = 0
  #shownSeq: number

  constructor(databases: Databases, read: (key: Key) => Item | undefined) {
    this.#databases = databases
    this.#read = read
    const [last] = databases.log.getKeys({ reverse: true, limit: 1 })
    this.#shownSeq = last ?? 0
  }

  get lastSeq(): number {
    return this.#shownSeq
  }

  /** A flush is done: its changes, in the log under `seq`, may be read. */
  show(seq: number, changes: readonly Change[]): void {
    this.#groups.push({ seq, changes })
    this.#shownSeq = seq
    this.#changesKept += changes.length
    while (this.#groups.length > 1 && this.#changesKept > changesInMemory) {
      this.#changesKept -= this.#groups.shift()?.changes.length ?? 0
    }
    for (const listener of this.#listeners) listener()
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Cursors are `group.index`: a long group may be read in parts. */
  async read(cursor: string | undefined, limit: number): Promise<{ changes: readonly Change[]; cursor: string }> {
    const oldest = this.#oldest()
    let [seq, index] = cursor === undefined ? [oldest, 0] : parseCursor(cursor)
    if (seq < oldest) [seq, index] = [oldest, 0]
    const changes: Change[] = []
    while (changes.length < limit && seq <= this.#shownSeq) {
      const group = this.#group(seq)
      const part = group.slice(index, index + limit - changes.length)
      for (const change of part) changes.push(change)
      index += part.length
      if (index < group.length) break
      seq++
      index = 0
    }
    return { changes, cursor: `${seq}.${index}` }
  }

  #group(seq: number): readonly Change[] {
    const first = this.#groups[0]?.seq
    if (first !== undefined && seq >= first) return this.#groups[seq - first]?.changes ?? []
    const bytes = this.#databases.log.get(seq)
    if (bytes === undefined) return []
    return bytes
      .toString('utf8')
      .split('\n')
      .map((line) => {
        const key = keyOfLine(line)
        return { ...key, after: this.#read(key) }
      })
  }

  #oldest(): number {
    const [first] = this.#databases.log.getKeys({ limit: 1 })
    return first ?? this.#shownSeq + 1
  }
}

function parseCursor(cursor: string): [number, number] {
  const [seq, index] = cursor.split('.')
  return [Number(seq), Number(index ?? 0)]
}
