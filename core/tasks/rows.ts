import { spans } from '../contract/limits.ts'
import type { Head } from '../head.ts'
import { monthOf, rowPk, rowSk, shardOf } from '../keys.ts'
import type { Item, Write } from '../ports.ts'
import type { World } from '../world.ts'

/**
 * The directory's rows (design §4): keyed by what never changes, written once, and without the status, which lists read
 * from the heads (protocol 6). `failed` is a row of its own.
 */

export interface Row {
  readonly id: string
  readonly unlisted?: boolean
}

export function commandDimension(command: string): string {
  return `command=${command}`
}

export const failedDimension = 'failed'

/** How much longer than its task a row lives, so that it never goes first. */
const rowExtraMs = 30 * spans.dayMs

/**
 * The rows that this change of a head calls for, over so many shards a dimension. Written again on redelivery, they say
 * the same.
 */
export function rowsOf(before: Head | undefined, after: Head, shards: number): readonly Write[] {
  const rows: Write[] = []
  const add = (dimension: string) => rows.push(rowWrite(dimension, after, shardOf(after.id, shards)))
  if (before === undefined || before.born !== after.born) add(commandDimension(after.command))
  if (after.status === 'failed' && before?.status !== 'failed') add(failedDimension)
  return rows
}

function rowWrite(dimension: string, head: Head, shard: number): Write {
  const data: Row = head.unlisted === true ? { id: head.id, unlisted: true } : { id: head.id }
  const item: Item = {
    pk: rowPk(dimension, shard, monthOf(head.createdAt)),
    sk: rowSk(head.createdAt, head.id),
    born: head.born,
    n: 1,
    expiresAt: Math.max(head.createdAt, head.modifiedAt) + head.retentionSeconds * 1_000 + rowExtraMs,
    data,
  }
  // A row never changes, so writing it again says the same: no condition is needed, nor a read to check one.
  return { kind: 'put', item, condition: { kind: 'any' } }
}

/** A row and its sort key, which is where a list or an audit goes on. */
export type KeyedRow = readonly [sk: string, row: Row]

export interface RowsAsk {
  readonly dimensions: readonly string[]
  readonly month: string
  readonly after: string
  readonly from?: string
  readonly to?: string
  readonly backwards?: boolean
  readonly limit: number
}

/** The next rows of one month over all dimensions and their shards, merged; `more` says that there are others in it. */
export async function mergedRows(
  world: World,
  { dimensions, month, limit, ...range }: RowsAsk,
): Promise<{ readonly rows: readonly KeyedRow[]; readonly more: boolean }> {
  const shards = Array.from({ length: world.directoryShards }, (_, shard) => shard)
  const pages = await Promise.all(
    dimensions.flatMap((dimension) =>
      shards.map((shard) => world.store.list({ ...range, pk: rowPk(dimension, shard, month), limit })),
    ),
  )
  const rows = pages.flatMap((page) => page.items.map((item): KeyedRow => [item.sk, item.data as Row]))
  const isBackwards = range.backwards === true
  rows.sort((a, b) => (a[0] < b[0] === isBackwards ? 1 : -1))
  return { rows: rows.slice(0, limit), more: rows.length > limit || pages.some((page) => page.next !== undefined) }
}
