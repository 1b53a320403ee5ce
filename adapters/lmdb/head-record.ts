import type { Json } from '#core/contract/names'
import type { Head } from '#core/head'
import { headItem } from '#core/layout'
import type { Item } from '#core/ports'

/**
 * How a head lies on disk: whole, or only the part that moves, as a list in a fixed order. Most writes of a task's life
 * change nothing else, and the list is a third of the bytes.
 */

const movingFields = [
  'n',
  'writer',
  'modifiedAt',
  'modifiedBy',
  'status',
  'statusCode',
  'runCount',
  'failureCount',
  'crashCount',
  'interruptCount',
  'startAfter',
  'notStartAfter',
  'retryAfter',
  'startedAt',
  'runStartedAt',
  'stoppedAt',
  'expiresAt',
  'run',
  'cancel',
  'due',
  'progress',
  'result',
  'error',
  'outcomeApart',
  'history',
  // Last, all five, so that records from before there were files, workflows, watchers and bulk can be read.
  'resultFiles',
  'files',
  'flow',
  'watched',
  'bulk',
] as const satisfies readonly (keyof Head)[]

const fixedFields = [
  'id',
  'born',
  'command',
  'version',
  'worker',
  'correlationId',
  'traceParent',
  'subject',
  'description',
  'category',
  'externalId',
  'accountId',
  'userId',
  'tags',
  'unlisted',
  'arguments',
  'bodyApart',
  'requestHash',
  'createdAt',
  'createdBy',
  'retry',
  'timeoutSeconds',
  'leaseSeconds',
  'retentionSeconds',
] as const satisfies readonly (keyof Head)[]

type Forgotten = Exclude<keyof Head, (typeof movingFields)[number] | (typeof fixedFields)[number]>
/** Fails to compile when the head gets a field that is in neither list. */
export const nothingForgotten: Forgotten extends never ? true : Forgotten = true

/**
 * A head's record is one or two lines: the head as it was when anything but its moving part last changed (`W`), and its
 * moving part since then (`M`). Both are lists in the order above, so that no line is ever written twice: the log's
 * lines are the checkpoint's record.
 */
export interface HeadText {
  readonly whole: string
  readonly moving?: string | undefined
}

export function recordOf({ whole, moving }: HeadText): string {
  return moving === undefined ? whole : `${whole}\n${moving}`
}

export function textOfRecord(record: string): HeadText {
  const end = record.indexOf('\n')
  return end === -1 ? { whole: record } : { whole: record.slice(0, end), moving: record.slice(end + 1) }
}

export function decodeText({ whole, moving }: HeadText): Item<Head> {
  const head = decodeWhole(whole)
  return headItem(moving === undefined ? head : applyMoving(head, decodeMoving(moving)))
}

/** Whether `next` differs from `before` in nothing but the fields that move. */
export function onlyMoved(before: Head, next: Head): boolean {
  for (const field of fixedFields) if (before[field] !== next[field]) return false
  return true
}

/** One literal with the moving fields again: joining two lists costs a third more, with each task created. */
export function encodeWhole(head: Head): string {
  return JSON.stringify([
    head.id,
    head.born,
    head.command,
    head.version,
    head.worker,
    head.correlationId,
    head.traceParent,
    head.subject,
    head.description,
    head.category,
    head.externalId,
    head.accountId,
    head.userId,
    head.tags,
    head.unlisted,
    markNull(head.arguments),
    head.bodyApart,
    head.requestHash,
    head.createdAt,
    head.createdBy,
    head.retry,
    head.timeoutSeconds,
    head.leaseSeconds,
    head.retentionSeconds,
    head.n,
    head.writer,
    head.modifiedAt,
    head.modifiedBy,
    head.status,
    head.statusCode,
    head.runCount,
    head.failureCount,
    head.crashCount,
    head.interruptCount,
    head.startAfter,
    head.notStartAfter,
    head.retryAfter,
    head.startedAt,
    head.runStartedAt,
    head.stoppedAt,
    head.expiresAt,
    head.run,
    head.cancel,
    head.due,
    head.progress,
    head.result,
    head.error,
    head.outcomeApart,
    head.history,
    head.resultFiles,
    head.files,
    head.flow,
    head.watched,
    head.bulk,
  ])
}

/**
 * JSON has no undefined, so a null in the list means absent; arguments may well be null, and are `{ $null: true }` then.
 * Arguments that have that key themselves lie under it: `{ $null: <arguments> }`.
 */
function markNull(args: Json | undefined): Json | undefined {
  if (args === null) return { $null: true }
  return isObject(args) && '$null' in args ? { $null: args } : args
}

function unmarkNull(marked: unknown): unknown {
  if (!isObject(marked) || !('$null' in marked)) return marked
  if (marked.$null === true) return null
  // Records from before such arguments were put under the key have them as they are.
  return isObject(marked.$null) && Object.keys(marked).length === 1 ? marked.$null : marked
}

function isObject(value: unknown): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function decodeWhole(text: string): Head {
  const values = JSON.parse(text) as unknown[]
  const head: Record<string, unknown> = {}
  setValues(head, fixedFields, values, 0)
  setValues(head, movingFields, values, fixedFields.length)
  if ('arguments' in head) head.arguments = unmarkNull(head.arguments)
  return head as unknown as Head
}

export function encodeMoving(head: Head): string {
  return JSON.stringify([
    head.id,
    head.born,
    head.n,
    head.writer,
    head.modifiedAt,
    head.modifiedBy,
    head.status,
    head.statusCode,
    head.runCount,
    head.failureCount,
    head.crashCount,
    head.interruptCount,
    head.startAfter,
    head.notStartAfter,
    head.retryAfter,
    head.startedAt,
    head.runStartedAt,
    head.stoppedAt,
    head.expiresAt,
    head.run,
    head.cancel,
    head.due,
    head.progress,
    head.result,
    head.error,
    head.outcomeApart,
    head.history,
    head.resultFiles,
    head.files,
    head.flow,
    head.watched,
    head.bulk,
  ])
}

export interface Moving {
  readonly id: string
  readonly born: string
  readonly n: number
  readonly values: readonly unknown[]
}

export function decodeMoving(text: string): Moving {
  const [id, born, ...values] = JSON.parse(text) as [string, string, ...unknown[]]
  return { id, born, n: values[0] as number, values }
}

export function applyMoving(head: Head, { values }: Moving): Head {
  const next: Record<string, unknown> = { ...head }
  setValues(next, movingFields, values, 0)
  return next as unknown as Head
}

function setValues(
  head: Record<string, unknown>,
  fields: readonly string[],
  values: readonly unknown[],
  from: number,
): void {
  for (const [index, field] of fields.entries()) {
    const value = values[from + index]
    if (value === null || value === undefined) delete head[field]
    else head[field] = value
  }
}
