import type { TaskError, TaskResult } from './contract/task.ts'
import type { HeldFile } from './files/held-file.ts'
import type { Suspension } from './flow/flow.ts'
import type { Head } from './head.ts'
import type { WatchKind } from './live/watched.ts'
import type { Bulk } from './tasks/bulk/bulk.ts'

/** What every event carries: when it happened on the hub's clock, and the token of who writes it (protocol 4). */
interface At {
  readonly now: number
  readonly writer: string
}

interface OfRun extends At {
  readonly run: string
}

export interface ProgressAt {
  readonly percent: number
  readonly message?: string | undefined
}

/** The person-readable fields and times a patch may set (a value) or remove (null). Times are epoch ms. */
export type PatchFields = {
  readonly [K in 'subject' | 'description' | 'category' | 'externalId' | 'accountId' | 'userId']?: string | null
} & {
  readonly tags?: Readonly<Record<string, string>> | null
  readonly startAfter?: number | null
  readonly notStartAfter?: number | null
}

/** One kind for every way a task can move. Each carries just the fields that its move needs. */
export type Event =
  | ({ readonly kind: 'claim'; readonly instance: string } & OfRun)
  | ({ readonly kind: 'renew'; readonly progress?: ProgressAt | undefined } & OfRun)
  | ({
      readonly kind: 'succeed'
      readonly result?: TaskResult | undefined
      readonly files?: readonly HeldFile[] | undefined
      readonly apart?: boolean | undefined
      readonly children?: true | undefined
    } & OfRun)
  | ({
      readonly kind: 'fail'
      readonly error: TaskError
      readonly apart?: boolean | undefined
      readonly children?: true | undefined
      readonly chance: number
    } & OfRun)
  /** The run stopped because it was told to: canceled if a cancel was asked, else handed back. */
  | ({ readonly kind: 'stop'; readonly children?: true | undefined } & OfRun)
  /** The run found that its task's start window has closed (`ctx.checkExpired`). */
  | ({ readonly kind: 'give-up'; readonly children?: true | undefined } & OfRun)
  | ({ readonly kind: 'hand-back'; readonly reason: string } & OfRun)
  /** The lease is over, or the instance is known to be dead (`certain`): a crash. */
  | ({
      readonly kind: 'lose'
      readonly seesSince: number
      readonly certain?: string | undefined
      readonly chance: number
    } & At)
  | ({ readonly kind: 'time-out'; readonly seesSince: number; readonly chance: number } & At)
  | ({ readonly kind: 'end-grace'; readonly seesSince: number } & At)
  | ({ readonly kind: 'cancel'; readonly by: string; readonly reason?: string | undefined } & At)
  | ({ readonly kind: 'ripen' } & At)
  /** The audit found that the bell of a queued task must be gone: ring again (protocol 11). */
  | ({ readonly kind: 'ring' } & At)
  /** Nothing moves; the clock will look again at `due`. */
  | ({ readonly kind: 'guard'; readonly due: number; readonly looks?: number | undefined } & At)
  | ({ readonly kind: 'expire' } & At)
  /** The run can only wait, and gives its slot back. */
  | ({ readonly kind: 'suspend'; readonly suspension: Suspension } & OfRun)
  /** One of its waits may be over. */
  | ({ readonly kind: 'wake'; readonly why: string } & At)
  /** Its sub tasks go on while it waits. */
  | ({ readonly kind: 'observe'; readonly progress: ProgressAt } & At)
  /** Its dependencies have ended as they should. */
  | ({ readonly kind: 'release' } & At)
  | ({ readonly kind: 'fail-dependency'; readonly message: string } & At)
  /** Somebody waits for its end: whoever follows it up has to look for him. */
  | ({ readonly kind: 'await' } & At)
  /** Somebody watches it, as one of those kinds of scope, until `until`; a mark that covers `needed` is enough. */
  | ({
      readonly kind: 'watch'
      readonly by: readonly WatchKind[]
      readonly needed: number
      readonly until: number
    } & At)
  /**
   * Its parent has ended, and is kept until `keptUntil`: nobody needs its result for longer. Without that time the parent
   * is still its own parent's: what is open ends, and what has ended stays.
   */
  | ({ readonly kind: 'orphan'; readonly keptUntil?: number | undefined } & At)
  /** Its sub tasks have been told of its end, and whether its own parent still has it. */
  | ({ readonly kind: 'pay'; readonly hasChildren: boolean; readonly isKept: boolean } & At)
  /**
   * A sub task whose parent was begun anew: it is its parent's again, in that era, and begins anew if it had failed.
   * `isOnlyKept`: nobody has asked for it yet, so nothing ends its retention and no more.
   */
  | ({ readonly kind: 'rejoin'; readonly by: string; readonly era: number; readonly isOnlyKept?: true } & At)
  /** One more portion of a bulk is done; `due` is when the clock goes on with it. */
  | ({
      readonly kind: 'work'
      readonly bulk: Bulk
      readonly due: number
      readonly isOver: boolean
      readonly percent: number
      readonly message: string
    } & At)
  | ({ readonly kind: 'retry'; readonly by: string; readonly reason?: string | undefined } & At)
  | ({ readonly kind: 'patch'; readonly by: string; readonly fields: PatchFields } & At)

export type RefusalReason =
  | 'not-in-this-status'
  | 'not-owner'
  | 'not-ready'
  | 'not-lost'
  | 'not-over'
  | 'expired'
  | 'already-canceled'
  | 'already-ended'
  | 'already-running'
  | 'not-ended'
  | 'cancel-asked'
  /** The mark that stands is good for long enough. */
  | 'already-watched'
  /** Its sub tasks have yet to be told that it ended. */
  | 'owes'

/**
 * `move`: write `next`, conditional on the head it was decided on; `bell` says that a new bell goes out before, with
 * that delay. A move into `queued` without `bell` keeps the bell that its run holds; `holdMs` is the hide to set on it.
 */
export type Decision =
  | {
      readonly kind: 'move'
      readonly next: Head
      readonly bell?: { readonly delayMs: number }
      readonly holdMs?: number
    }
  | { readonly kind: 'refused'; readonly reason: RefusalReason }
