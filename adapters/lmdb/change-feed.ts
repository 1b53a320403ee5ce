import type { Change, Feed, Item, Key } from '#core/ports'
import { type Databases, isHead } from './databases.ts'
import type { LogEntry, Staged } from './group-commit.ts'
import type { HeadText } from './head-record.ts'
import { LineBuffer } from './line-buffer.ts'
import { isTold, keyOfLine, lineOf } from './log-entry.ts'

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
  readonly #lines = new LineBuffer()
  #shownSeq: number
  #pending: ChangeGroup | undefined

  constructor(databases: Databases, read: (key: Key) => Item | undefined) {
    this.#databases = databases
    this.#read = read
    const [last] = databases.log.getKeys({ reverse: true, limit: 1 })
    this.#shownSeq = last ?? 0
  }

  get lastSeq(): number {
    return this.#shownSeq
  }

  /** The entry of one flush, to be written with it. Leaves with each staged head the text of its record. */
  entryOf(staged: readonly Staged[]): LogEntry | undefined {
    const changes: Change[] = []
    // Of two moves of one head in one flush the second's record builds on the first's, made a moment ago.
    const texts = new Map<string, HeadText | undefined>()
    this.#lines.clear()
    for (const write of staged) {
      const { key, before, item } = write
      if (!isTold(key)) continue
      if (texts.has(key.pk)) write.text = texts.get(key.pk)
      const { line, text } = lineOf(write)
      write.text = text
      if (isHead(key)) texts.set(key.pk, text)
      this.#lines.add(line)
      changes.push({ pk: key.pk, sk: key.sk, before, after: item })
    }
    if (changes.length === 0) return undefined
    const seq = this.#shownSeq + 1
    this.#pending = { seq, changes }
    return { seq, bytes: this.#lines.bytes() }
  }

  /** The flush is done: its changes may be read. */
  show(): void {
    if (this.#pending === undefined) return
    this.#groups.push(this.#pending)
    this.#shownSeq = this.#pending.seq
    this.#changesKept += this.#pending.changes.length
    this.#pending = undefined
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
