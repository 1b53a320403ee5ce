import type { Status } from '../contract/task.ts'
import type { Head } from '../head.ts'
import type { Ids } from '../ports.ts'

/**
 * What tasks can be found by: the dimensions of the directory (design §4). A value stands in its rows' key, so it is
 * spelled with letters that no key means anything by; two values never have one spelling.
 */

/** What a list asks for; all of it must hold. A tag is `key:value`. */
export interface TaskFilter {
  readonly command?: string | undefined
  readonly status?: Status | undefined
  readonly tags?: readonly string[] | undefined
  readonly externalId?: string | undefined
  readonly userId?: string | undefined
  readonly accountId?: string | undefined
  readonly correlationId?: string | undefined
}

export const failedDimension = 'failed'

/** A longer spelling is hashed: a row's bytes are paid for with each write, and a partition key has 2,048 at most. */
const spelledCharsMost = 128

export function commandDimension(command: string): string {
  return `command=${command}`
}

type Field = 'externalId' | 'correlationId' | 'userId' | 'accountId'
/** The most telling first. */
const fields = ['externalId', 'correlationId', 'userId', 'accountId'] as const satisfies readonly Field[]

type Hash = Pick<Ids, 'sha256'>

/** The rows that this head should have. One that is unlisted is found by the audit alone. */
export function dimensionsOf(ids: Hash, head: Head): readonly string[] {
  const dimensions = [commandDimension(head.command)]
  if (head.unlisted === true) return dimensions
  for (const field of fields) {
    const value = head[field]
    // Most tasks are the root of what belongs together, and have their own id there: lists look for that by itself.
    if (value === undefined || value === '' || (field === 'correlationId' && value === head.id)) continue
    dimensions.push(fieldDimension(ids, field, value))
  }
  for (const tag of tagsOf(head)) dimensions.push(tagDimension(ids, tag))
  if (head.status === 'failed') dimensions.push(failedDimension)
  return dimensions
}

/** Where a list walks. Rows of commands and of what failed lie by months, for there are many; of all else they do not. */
export interface Walk {
  readonly dimensions: readonly string[]
  readonly isByMonths: boolean
}

/** The dimension that tells most of those that the filter names, undefined where it names none. */
export function walkOf(ids: Hash, filter: TaskFilter): Walk | undefined {
  for (const field of fields) {
    const value = filter[field]
    if (value !== undefined) return { dimensions: [fieldDimension(ids, field, value)], isByMonths: false }
  }
  const tag = filter.tags?.[0]
  if (tag !== undefined) return { dimensions: [tagDimension(ids, tag)], isByMonths: false }
  if (filter.status === 'failed') return { dimensions: [failedDimension], isByMonths: true }
  if (filter.command !== undefined) return { dimensions: [commandDimension(filter.command)], isByMonths: true }
  return undefined
}

export function isByMonths(dimension: string): boolean {
  return dimension === failedDimension || dimension.startsWith('command=')
}

/** Rows are hints: whether a task is what was asked for, its head says (protocol 6). */
export function isWanted(head: Head, filter: TaskFilter): boolean {
  if (filter.command !== undefined && head.command !== filter.command) return false
  if (filter.status !== undefined && head.status !== filter.status) return false
  if (fields.some((field) => filter[field] !== undefined && head[field] !== filter[field])) return false
  const { tags = [] } = filter
  if (tags.length === 0) return true
  const has = new Set(tagsOf(head))
  return tags.every((tag) => has.has(tag))
}

function tagsOf({ tags }: Head): readonly string[] {
  return tags === undefined ? [] : Object.entries(tags).map(([key, value]) => `${key}:${value}`)
}

function fieldDimension(ids: Hash, field: Field, value: string): string {
  return `${field}=${spelled(ids, value)}`
}

function tagDimension(ids: Hash, tag: string): string {
  return `tag=${spelled(ids, tag)}`
}

/** By UTF-16 units, of which any text has some: a lone surrogate is no error. No spelling begins as a hash does. */
function spelled(ids: Hash, value: string): string {
  const text = value.replaceAll(/[^A-Za-z0-9._~:-]/g, (unit) => `%${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
  return text.length <= spelledCharsMost ? text : `$${ids.sha256(value)}`
}
