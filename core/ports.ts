import type { LogPage } from './contract/logs.ts'
import type { Version } from './head.ts'

/**
 * What core needs from the world. Three stores and queues stand behind these few methods (DynamoDB with SQS, LMDB,
 * memory); one conformance suite holds them to the same behaviour.
 */

/** One item of the table: two key parts, a version, and what its kind of item holds. */
export interface Item<Data = unknown> extends Version {
  readonly pk: string
  readonly sk: string
  /** Puts the item into the due index at that moment, epoch ms; absent: not in the index. */
  readonly due?: number | undefined
  /** From then on the item counts as gone, and the store removes it some time later. Never a timer. */
  readonly expiresAt?: number | undefined
  readonly data: Data
}

export interface Key {
  readonly pk: string
  readonly sk: string
}

/**
 * All the conditions there are: no condition language crosses this port. `any` is never for a head (protocol 3).
 * `newer`: the stored item is absent or an older version than the one written (protocol 6).
 */
export type Condition =
  | { readonly kind: 'absent' }
  | ({ readonly kind: 'at' } & Version)
  | { readonly kind: 'newer' }
  | { readonly kind: 'any' }

export type Write =
  | { readonly kind: 'put'; readonly item: Item; readonly condition: Condition }
  | { readonly kind: 'delete'; readonly key: Key; readonly condition: Condition }

/** "Task T may be ready": a hint, never an order. The head decides (protocol 9). */
export interface Bell {
  readonly format: 1
  readonly worker: string
  readonly taskId: string
  /** The version that its writer was about to write when it rang. */
  readonly born: string
  readonly n: number
  readonly delayMs: number
  /** Whose task it is: a queue that knows groups lets none of them crowd out the others. */
  readonly group?: string | undefined
  /** A copy of the small task as it was about to be written, so that a claim needs no read. */
  readonly copy?: unknown
}

/**
 * One move and what belongs to it. Order of effects (protocol 7, 8): bells out, then `before` in order, then `write`;
 * an adapter with real transactions does all at once. Nothing of it is undone when a later part fails.
 */
export interface Commit {
  readonly write: Write
  readonly before?: readonly Write[] | undefined
  readonly bells?: readonly Bell[] | undefined
}

export type CommitOutcome =
  | { readonly kind: 'written' }
  /** The condition of `write` did not hold; here is what stands there now. */
  | { readonly kind: 'conflict'; readonly current: Item | undefined }

export interface Page {
  readonly items: readonly Item[]
  /** The last key looked at, when there may be more behind it. */
  readonly next?: string | undefined
}

export interface ListRange {
  readonly pk: string
  readonly prefix?: string | undefined
  /** Only sort keys beyond this one, in the direction of the walk. */
  readonly after?: string | undefined
  readonly from?: string | undefined
  readonly to?: string | undefined
  readonly backwards?: boolean | undefined
  readonly limit: number
}

/** A change of an item, as the feed tells it. `before` is absent for a new item, `after` for a removed one. */
export interface Change {
  readonly pk: string
  readonly sk: string
  readonly before?: Item | undefined
  readonly after?: Item | undefined
}

export interface Feed {
  /** Up to `limit` changes after the cursor, in order per item; empty: nothing new. `undefined` starts at the oldest kept. */
  readonly read: (
    cursor: string | undefined,
    limit: number,
  ) => Promise<{ changes: readonly Change[]; cursor: string | undefined }>
  /** Called whenever there may be something new. Only speeds the reader up. */
  readonly onChange: (listener: () => void) => () => void
}

export interface Store {
  /** How many bytes of JSON a head may have before its arguments and outcome are kept apart. */
  readonly inlineBytes: number
  /** Strongly consistent. An item past its `expiresAt` counts as absent only where core says so. */
  readonly get: (key: Key) => Promise<Item | undefined>
  /** Items of one partition in order of their sort key. Not for heads of other partitions; strong like `get`. */
  readonly list: (range: ListRange) => Promise<Page>
  /** Keys of items whose `due` is at or before `until`, oldest first. May be late; the reader looks at the item itself. */
  readonly due: (range: {
    readonly until: number
    readonly limit: number
  }) => Promise<readonly (Key & { readonly due: number })[]>
  /** Throws only if the store is away or broken; then it is not known whether the write happened. */
  readonly commit: (commit: Commit) => Promise<CommitOutcome>
  /** Set union, the only counter-like thing here: idempotent and free of order (protocol 5). Answers the set's size. */
  readonly addToSet: (key: Key, members: readonly string[]) => Promise<number>
}

export interface ReceivedBell {
  readonly bell: Bell
  /** Names this one delivery, for `extend` and `done`. */
  readonly receipt: string
  readonly receivedCount: number
  /** When it was first sent, epoch ms. */
  readonly sentAt: number
  /** Until when it stays hidden from others, on the receiver's monotonic clock, counted from sending the receive. */
  readonly heldUntilMs: number
}

export interface QueueDepth {
  readonly visible: number
  readonly delayed: number
  readonly held: number
}

export interface Queue {
  /** Waits up to `waitMs` for at least one bell. Never answers more than `max`. */
  readonly receive: (ask: {
    readonly worker: string
    readonly max: number
    readonly holdMs: number
    readonly waitMs: number
    readonly signal?: AbortSignal | undefined
  }) => Promise<readonly ReceivedBell[]>
  /** Hides the bell for so long from now; 0 shows it at once. A receipt that is over is ignored. */
  readonly extend: (worker: string, receipt: string, holdMs: number) => Promise<void>
  readonly done: (worker: string, receipt: string) => Promise<void>
  /** May lag. */
  readonly depth: (worker: string) => Promise<QueueDepth>
  /** Makes the worker's queue unless it is there. Absent where queues need no making. */
  readonly ensure?: (worker: string) => Promise<void>
}

export interface Clock {
  /** Epoch ms. May jump. */
  readonly now: () => number
  /** Never jumps; only differences mean anything. */
  readonly monotonicMs: () => number
  readonly wait: (ms: number, signal?: AbortSignal) => Promise<void>
}

export interface Ids {
  /** A fresh ULID. */
  readonly next: () => string
  /** A fresh short token: writer tokens, births. Sorts by time. */
  readonly token: () => string
  /** 26 characters of the ULID alphabet, always the same for the same text. */
  readonly ofText: (text: string) => string
  readonly sha256: (text: string) => string
}

/** From 0 (included) to 1 (excluded). */
export type Chance = () => number

export interface Log {
  readonly info: (event: string, fields?: Readonly<Record<string, unknown>>) => void
  readonly warn: (event: string, fields?: Readonly<Record<string, unknown>>) => void
  readonly error: (event: string, fields?: Readonly<Record<string, unknown>>) => void
}

/** One life of a task: an id may come back with its idempotency key, and must find nothing old (protocol 30). */
export interface TaskLife {
  readonly id: string
  readonly born: string
}

/** Whose log is read: where its lines lie, and between which times. */
export interface LoggedTask extends TaskLife {
  readonly worker: string
  readonly createdAt: number
  readonly stoppedAt?: number | undefined
}

/** What the runs of a task logged, beside the table and never in its way: files here, CloudWatch on AWS. */
export interface TaskLogs {
  /** Lines behind the cursor, in the order in which they came. Throws a `bad-cursor` for one that it never gave. */
  readonly read: (
    task: LoggedTask,
    range: { readonly cursor: string | undefined; readonly limit: number },
  ) => Promise<LogPage>
  /** Called for every task that is removed; costs nothing for those that never logged. */
  readonly remove: (task: TaskLife) => Promise<void>
}

/** How instances are started. Nobody ever stops a busy one: they leave by themselves (design decision 4). */
export interface Launcher {
  readonly launch: (decision: {
    readonly worker: string
    readonly generation: string
    readonly token: string
    readonly count: number
    readonly spec: unknown
  }) => Promise<LaunchOutcome>
}

export type LaunchOutcome =
  | { readonly kind: 'launched'; readonly launches: readonly string[]; readonly refused: readonly LaunchRefusal[] }
  /** Nobody knows whether it happened: ask again with the same token and the same parameters (protocol 34). */
  | { readonly kind: 'unknown'; readonly message: string }

export interface LaunchRefusal {
  readonly reason: 'capacity' | 'quota' | 'rate' | 'network' | 'image' | 'role' | 'other'
  readonly message: string
}
