import { z } from 'zod'
import { limits } from './limits.ts'
import { FilterFields } from './task-filter.ts'

/** One call for many tasks: whatever the filter finds is canceled, retried or erased, by the hub itself. */

/** What a bulk is as a task. No worker may host what begins so: the hub does it by itself. */
export const reservedPrefix = 'taskurai.'
export const bulkCommand = 'taskurai.bulk'

export const bulkActions = ['cancel', 'retry', 'erase'] as const
export type BulkAction = (typeof bulkActions)[number]

const named = 'command, status, tags, externalId, userId, accountId, correlationId, from, to'

const Filter = FilterFields.refine(
  ({ tags, ...others }) => Object.keys(others).length > 0 || (tags ?? []).length > 0,
  `name at least one of ${named}: it would be every task that there is`,
)

export const BulkRequest = z.strictObject({
  action: z.enum(bulkActions),
  filter: Filter,
  /** Nothing is changed: only counted, and the first ids named. */
  dryRun: z.boolean().optional(),
  /** For the history of each task. */
  reason: z.string().max(limits.reasonChars).optional(),
})
export type BulkRequest = z.infer<typeof BulkRequest>

/** The output of a bulk's task, in a dry run what would be. */
export type BulkOutput = {
  readonly action: BulkAction
  readonly dryRun: boolean
  /** Tasks that the filter found. */
  readonly looked: number
  readonly changed: number
  /** Those that were left as they are, counted by why. */
  readonly skipped: Readonly<Record<string, number>>
  /** Those that could not be changed, since the store refused. */
  readonly failed: number
  /** Of those that were changed, the newest. */
  readonly firstIds: readonly string[]
}
