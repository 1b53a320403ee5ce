import type { Change, CommitOutcome, Item, Key } from '#core/ports'
import { encodeItem, itemKey } from './databases.ts'
import type { Heads, Slot } from './heads.ts'
import { LineBuffer } from './line-buffer.ts'
import { isTold } from './log-entry.ts'

const written: CommitOutcome = { kind: 'written' }

/** An item other than a head that waits for its flush. */
export interface StagedItem {
  readonly name: string
  /** As it will stand; undefined: gone. */
  readonly item: Item | undefined
  /** Its record, encoded at once: lmdb commits what was put before a throw, so nothing may throw among the puts. */
  readonly text: string | undefined
}

/**
 * What leaves in one flush: one log entry with a line for each told change, and the items that change. All commits in
 * it wait for the one promise.
 */
export class Group {
  readonly lines: LineBuffer
  readonly changes: Change[] = []
  readonly heads: Slot[] = []
  /** The states that `heads` take, in the same order. */
  readonly states: (Item | undefined)[] = []
  readonly items: StagedItem[] = []
  readonly afterFlush: (() => void)[] = []
  readonly written: Promise<CommitOutcome>
  #resolve: (outcome: CommitOutcome) => void = () => undefined
  #reject: (error: unknown) => void = () => undefined

  constructor(lines = new LineBuffer()) {
    this.lines = lines
    lines.clear()
    this.written = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    // Each commit that waits handles the failure itself; a group that nobody waits for must not end the process.
    this.written.catch(() => undefined)
  }

  stageHead(slot: Slot, sk: string, after: Item | undefined): void {
    const before = slot.latest
    const mark = slot.stage(after)
    this.lines.add(mark, mark === 'D' ? slot.pk : (slot.moving ?? slot.whole))
    this.changes.push({ pk: slot.pk, sk, before, after })
    this.heads.push(slot)
    this.states.push(after)
  }

  stageItem(key: Key, before: Item | undefined, item: Item | undefined): StagedItem {
    const name = itemKey(key)
    const staged = { name, item, text: item === undefined ? undefined : encodeItem(item) }
    this.items.push(staged)
    if (isTold(key)) {
      this.changes.push({ pk: key.pk, sk: key.sk, before, after: item })
      this.lines.add('K', name)
    }
    return staged
  }

  /** Everything in it is durable: heads take their new states, then who waits is told. */
  settle(heads: Heads): void {
    for (const [index, slot] of this.heads.entries()) heads.settle(slot, this.states[index])
  }

  succeed(): void {
    for (const run of this.afterFlush) run()
    this.#resolve(written)
  }

  fail(error: unknown): void {
    this.#reject(error)
  }
}
