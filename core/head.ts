import type { Json } from './contract/names.ts'
import type { Retry, Status, TaskError, TaskResult } from './contract/task.ts'
import type { HeldFile } from './files/held-file.ts'
import type { Flow } from './flow/flow.ts'
import type { Watched } from './live/watched.ts'
import type { Bulk } from './tasks/bulk/bulk.ts'

/**
 * Which write of which life of an item this is. `born` is new for every try to create it (time, then randomness, so
 * that it sorts by time); `n` counts its writes. Two lives never share a version (protocol 7, 30).
 */
export interface Version {
  readonly born: string
  readonly n: number
}

export function sameVersion(a: Version, b: Version): boolean {
  return a.n === b.n && a.born === b.born
}

/** Whether a is an earlier write than b, across lives too. */
export function isOlder(a: Version, b: Version): boolean {
  return a.born === b.born ? a.n < b.n : a.born < b.born
}

/** One line of the timeline, compact: when, what, by whom, why. */
export type HistoryLine = readonly [at: number, move: string, by?: string | undefined, why?: string | undefined]

/** The run that owns a running task, by a lease. */
export interface Run {
  readonly id: string
  readonly instance: string
  readonly startedAt: number
  /** Until when the hub takes it that the instance still owns the task, on the hub's clock. */
  readonly leaseUntil: number
  /** After the first renewal the due index guards the run and its bell is gone (protocol 12). */
  readonly renewed: boolean
}

export interface CancelFlag {
  readonly at: number
  readonly by: string
  readonly reason?: string | undefined
  readonly graceUntil: number
}

/** The part of a task that moves; the whole small task while it fits. Times are epoch milliseconds. */
export interface Head extends Version {
  readonly id: string
  /** Who wrote this version: a writer that meets its own token knows that its lost answer was a yes (protocol 4). */
  readonly writer: string
  readonly command: string
  readonly version: number
  readonly worker: string
  readonly correlationId: string
  readonly traceParent?: string | undefined
  readonly subject?: string | undefined
  readonly description?: string | undefined
  readonly category?: string | undefined
  readonly externalId?: string | undefined
  readonly accountId?: string | undefined
  readonly userId?: string | undefined
  readonly tags?: Readonly<Record<string, string>> | undefined
  readonly unlisted?: boolean | undefined
  /** Absent when the arguments lie in `BODY#born` (`bodyApart`) or when there are none. */
  readonly arguments?: Json | undefined
  readonly bodyApart?: boolean | undefined
  /** Files it came with; arguments that lie apart are one of them. */
  readonly files?: readonly HeldFile[] | undefined
  /** sha256 of the caller's own request under its idempotency key (protocol 29). */
  readonly requestHash?: string | undefined
  readonly createdAt: number
  readonly createdBy: string
  readonly modifiedAt: number
  readonly modifiedBy: string
  readonly startAfter?: number | undefined
  readonly notStartAfter?: number | undefined
  readonly retryAfter?: number | undefined
  readonly startedAt?: number | undefined
  readonly runStartedAt?: number | undefined
  readonly stoppedAt?: number | undefined
  readonly expiresAt?: number | undefined
  readonly status: Status
  readonly statusCode: number
  readonly runCount: number
  /** Runs that ended in failure or timeout since the last manual retry: what `retry.maxRuns` counts. */
  readonly failureCount: number
  readonly crashCount: number
  readonly interruptCount: number
  readonly run?: Run | undefined
  readonly cancel?: CancelFlag | undefined
  /** When the clock must look at this task at the latest; absent while its bell is the guard (protocol 1). */
  readonly due?: number | undefined
  readonly progress?:
    | { readonly percent: number; readonly message?: string | undefined; readonly at: number }
    | undefined
  readonly result?: TaskResult | undefined
  readonly error?: TaskError | undefined
  /** Files that its run made; an output that lies apart is one of them. */
  readonly resultFiles?: readonly HeldFile[] | undefined
  /** The run whose `OUT#run` holds the result or error that did not fit. */
  readonly outcomeApart?: string | undefined
  readonly history: readonly HistoryLine[]
  readonly retry: Retry
  readonly timeoutSeconds?: number | undefined
  readonly leaseSeconds: number
  readonly retentionSeconds: number
  /** Absent for plain tasks. */
  readonly flow?: Flow | undefined
  /** How far it has come, of one that the hub works off by itself. */
  readonly bulk?: Bulk | undefined
  /** Absent while nobody watches: then whoever follows it up reads nothing for that. */
  readonly watched?: Watched | undefined
}

/** From when the task may run: its own start or the end of its backoff, whichever is later. */
export function readyAt(head: Head): number {
  return Math.max(head.startAfter ?? 0, head.retryAfter ?? 0)
}
