import type { Bell, Commit, Condition, Feed, Item, Key, Queue, Store } from '#core/ports'

/** What a conformance suite needs of an adapter, and how a suite leaves a case out: with a reason in words. */
export interface StoreWorld {
  readonly store: Store
  readonly queue: Queue
  readonly feed: Feed
  readonly close: () => Promise<void>
  /** Lets time pass: a virtual clock advances, a real one is waited for. */
  readonly advance: (ms: number) => Promise<void>
  /** The hub's now, epoch ms. */
  readonly now: () => number
  /** Commits go step by step, as on AWS: bells, side items, then the write; what came first stays when that is refused. */
  readonly isInSteps?: boolean
  /** Closes the store and opens it again, where it outlives its process. */
  readonly reopen?: () => Promise<StoreWorld>
}

export type MakeWorld = () => Promise<StoreWorld>

export function anItem(key: Key, changes: Partial<Item> = {}): Item {
  return { ...key, born: 'b1', n: 1, data: { word: 'first' }, ...changes }
}

export function put(item: Item, condition: Condition, rest: Omit<Commit, 'write'> = {}): Commit {
  return { write: { kind: 'put', item, condition }, ...rest }
}

export function aBell(taskId: string, changes: Partial<Bell> = {}): Bell {
  return { format: 1, worker: 'mill', taskId, born: 'b1', n: 1, delayMs: 0, ...changes }
}

let places = 0

/** A key that no other case uses. */
export function aKey(): Key {
  return { pk: `W#w${++places}`, sk: 'ITEM' }
}

/** A task id that no other case uses. */
export function anId(): string {
  return `01KF${String(++places).padStart(22, '0')}`
}
