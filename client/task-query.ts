import type { BulkAction } from '../core/contract/bulk.ts'
import type { Status } from '../core/contract/task.ts'

/** How tasks are chosen, in lists and for bulk: all that is named must hold. */
export interface TaskFilter {
  readonly command?: string | undefined
  readonly status?: Status | undefined
  /** All of them: `{ desk: 'two' }`. */
  readonly tags?: Readonly<Record<string, string>> | undefined
  readonly externalId?: string | undefined
  readonly userId?: string | undefined
  readonly accountId?: string | undefined
  readonly correlationId?: string | undefined
  /** Created then or later. */
  readonly from?: Date | string | undefined
  /** Created before. */
  readonly to?: Date | string | undefined
}

/** Newest first. */
export interface TaskQuery extends TaskFilter {
  readonly cursor?: string | undefined
  readonly limit?: number | undefined
  readonly signal?: AbortSignal | undefined
}

export interface Bulk {
  readonly action: BulkAction
  readonly filter: TaskFilter
  /** Changes nothing: only counts, and names the first ids. */
  readonly dryRun?: boolean | undefined
  /** For the history of each task. */
  readonly reason?: string | undefined
}

export interface BulkOptions {
  /** Your own key: the same key and the same bulk are one. By default a fresh one. */
  readonly idempotencyKey?: string | undefined
  readonly signal?: AbortSignal | undefined
}

type Query = Readonly<Record<string, string | readonly string[] | undefined>>

export function listQuery({ cursor, limit, signal: _signal, ...filter }: TaskQuery): Query {
  const { tags, ...named } = filterOf(filter)
  return { ...named, tag: tags, cursor, limit: limit === undefined ? undefined : String(limit) }
}

export function bulkBody({ filter, ...bulk }: Bulk): unknown {
  return { ...bulk, filter: filterOf(filter) }
}

/** Tags as the hub takes them: `key:value`. */
function filterOf({ tags, from, to, ...named }: TaskFilter) {
  const texts = tags === undefined ? undefined : Object.entries(tags).map(([key, value]) => `${key}:${value}`)
  return { ...named, tags: texts, from: instant(from), to: instant(to) }
}

function instant(time: Date | string | undefined): string | undefined {
  return time instanceof Date ? time.toISOString() : time
}
