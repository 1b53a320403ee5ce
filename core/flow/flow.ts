import type { OnFailure, OnParentEnd } from '../contract/steps.ts'

/** What a head holds of the workflow that its task is part of. Plain tasks have none of it, and pay for none. */
export interface Flow {
  readonly parent?: Parent | undefined
  readonly rootId?: string | undefined
  readonly isolationKey?: string | undefined
  readonly dependencies?: Dependencies | undefined
  /** Canceled between two runs it is run once more, so that its handler can undo what it did. */
  readonly runsOnCancel?: true | undefined
  /** Others have said that they wait for its end: whoever follows it up looks for them. */
  readonly isAwaited?: true | undefined
  /** How often it was begun anew by hand. What failed for good counts only in the era in which it did. */
  readonly era?: number | undefined
  readonly suspension?: Suspension | undefined
  /** Looks of the clock that found nothing, in a row: the next comes later (protocol 25). */
  readonly looks?: number | undefined
  /** It has ended, and its sub tasks have yet to be told (protocol 28). */
  readonly owes?: true | undefined
  /** It has ended and has sub tasks: they are told once more when nobody above needs it any longer. */
  readonly hasChildren?: true | undefined
}

/** Where a sub task belongs. `era` is its parent's when it was last begun: old ends of it count nowhere else (22). */
export interface Parent {
  readonly id: string
  readonly born: string
  readonly step: string
  readonly index: number
  readonly count: number
  readonly era: number
  readonly depth: number
  readonly onEnd: OnParentEnd
  /** Of a `call`: when its parent can go on. Absent: made by `create`, and perhaps never waited for. */
  readonly onFailure?: OnFailure | undefined
  /** The parent has ended: from here on this task's retention is its own. */
  readonly isOver?: true | undefined
  /** The end of its parent's retention: a person may begin that one anew, and it finds this task till then. Epoch ms. */
  readonly keptUntil?: number | undefined
}

export interface Dependencies {
  readonly count: number
  readonly onFailure: 'fail' | 'continue'
  /** They have not all ended. */
  readonly isOpen: boolean
}

export interface Suspension {
  /** What it waits for, in words for people. */
  readonly on: string
  /** When a sleep, a backoff or a time limit among its waits is over: the earliest. Epoch ms. */
  readonly wakeAt?: number | undefined
  /** Something else than time can end one of its waits. */
  readonly isHinted?: true | undefined
  /** The waits by their ids, where they are few: one whose note is gone is over, whoever settled it. */
  readonly waits?: readonly string[] | undefined
}
