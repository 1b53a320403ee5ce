import type { BulkAction, BulkOutput } from '../../contract/bulk.ts'
import { limits } from '../../contract/limits.ts'

/**
 * How far a bulk has come. It lies in the head of its task: where it stands, what it counted, its progress and its
 * guard are one write, so a crash can never leave one of them behind the others.
 */
export interface Bulk {
  readonly action: BulkAction
  readonly isDryRun: boolean
  /** Portions that were done: only who still finds the number that he began at may write the next one. */
  readonly portions: number
  /** The row behind which the list goes on; absent: it has not begun. */
  readonly after?: string | undefined
  readonly looked: number
  readonly changed: number
  readonly skipped: Readonly<Record<string, number>>
  readonly failed: number
  readonly firstIds: readonly string[]
}

export function newBulk(action: BulkAction, isDryRun: boolean): Bulk {
  return { action, isDryRun, portions: 0, looked: 0, changed: 0, skipped: {}, failed: 0, firstIds: [] }
}

/** What became of one task. */
export type Acted =
  | { readonly kind: 'changed'; readonly id: string }
  | { readonly kind: 'skipped'; readonly why: SkipReason }
  | { readonly kind: 'failed' }

export type SkipReason =
  | 'already-ended'
  | 'already-canceled'
  | 'cancel-asked'
  | 'not-ended'
  | 'succeeded'
  /** It failed again, or was canceled, after the bulk was asked for: each task is begun anew once. */
  | 'ended-since'
  | 'still-ending'
  | 'needed'
  | 'gone'
  | 'bulk'

/** A bulk with one more portion in it. */
export function withPortion(bulk: Bulk, acted: readonly Acted[], after: string | undefined): Bulk {
  const skipped: Record<string, number> = { ...bulk.skipped }
  const ids: string[] = []
  let failed = 0
  for (const each of acted) {
    if (each.kind === 'changed') ids.push(each.id)
    else if (each.kind === 'failed') failed++
    else skipped[each.why] = (skipped[each.why] ?? 0) + 1
  }
  return {
    ...bulk,
    portions: bulk.portions + 1,
    after,
    looked: bulk.looked + acted.length,
    changed: bulk.changed + ids.length,
    skipped,
    failed: bulk.failed + failed,
    firstIds: [...bulk.firstIds, ...ids].slice(0, limits.bulkFirstIds),
  }
}

export function outputOf({ action, isDryRun, looked, changed, skipped, failed, firstIds }: Bulk): BulkOutput {
  return { action, dryRun: isDryRun, looked, changed, skipped, failed, firstIds }
}

const past = { cancel: 'canceled', retry: 'retried', erase: 'erased' } as const satisfies Record<BulkAction, string>

export function messageOf({ action, isDryRun, looked, changed }: Bulk): string {
  return `looked at ${looked}, ${isDryRun ? 'would have ' : ''}${past[action]} ${changed}`
}
