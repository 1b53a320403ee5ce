import { spans } from '../contract/limits.ts'
import type { Head } from '../head.ts'
import { monthOf, rowPk, rowSk, shardOf } from '../keys.ts'
import type { Item, Write } from '../ports.ts'
import type { World } from '../world.ts'
import { dimensionsOf, isByMonths } from './dimensions.ts'

/**
 * The directory's rows (design §4): keyed by what never changes, and without the status, which lists read from the heads
 * (protocol 6). `failed` is a row of its own. A row whose value its task does not have any more stays: the head says so.
 */

export interface Row {
  readonly id: string
  readonly unlisted?: boolean
}

/** How much longer than its task a row lives, so that it never goes first. */
const rowExtraMs = 30 * spans.dayMs
/**
 * A task that lives on has its rows written again in each such span (protocol 6). Less than half of the above: a span
 * that was told late, after a newer one, takes back no more than one of them.
 */
const renewEveryMs = 14 * spans.dayMs

/** Where those rows lie that are not kept by months. */
export const wholeBucket = 'all'

type Places = Pick<World, 'ids' | 'directoryShards'>

/** The rows that this change of a head calls for. Written again on redelivery, they say the same. */
export function rowsOf(places: Places, before: Head | undefined, after: Head): readonly Write[] {
  const isAll = before === undefined || before.born !== after.born || spanOf(before) < spanOf(after)
  if (isAll) return allRowsOf(places, after)
  if (!mayHaveNew(before, after)) return []
  const standing = new Set(dimensionsOf(places.ids, before))
  return dimensionsOf(places.ids, after).flatMap((dimension) =>
    standing.has(dimension) ? [] : [rowWrite(places, dimension, after)],
  )
}

/** Every row that the head should have. */
export function allRowsOf(places: Places, head: Head): readonly Write[] {
  return dimensionsOf(places.ids, head).map((dimension) => rowWrite(places, dimension, head))
}

/** Most changes are of a run, and are told apart at once. */
function mayHaveNew(before: Head, after: Head): boolean {
  return (
    (after.status === 'failed' && before.status !== 'failed') ||
    before.externalId !== after.externalId ||
    before.userId !== after.userId ||
    before.accountId !== after.accountId ||
    (after.tags !== undefined && before.tags !== after.tags)
  )
}

function rowWrite({ directoryShards }: Places, dimension: string, head: Head): Write {
  const data: Row = head.unlisted === true ? { id: head.id, unlisted: true } : { id: head.id }
  const bucket = isByMonths(dimension) ? monthOf(head.createdAt) : wholeBucket
  const item: Item = {
    pk: rowPk(dimension, shardOf(head.id, directoryShards), bucket),
    sk: rowSk(head.createdAt, head.id),
    born: head.born,
    n: 1,
    expiresAt: livesUntil(head) + head.retentionSeconds * 1_000 + rowExtraMs,
    data,
  }
  // A row says the same whenever it is written: no condition is needed, nor a read to check one.
  return { kind: 'put', item, condition: { kind: 'any' } }
}

/** As far as is known: a start far ahead, or an end of its retention that came late, counts too. */
function livesUntil({ createdAt, modifiedAt, due = 0, expiresAt = 0, retentionSeconds }: Head): number {
  return Math.max(createdAt, modifiedAt, due, expiresAt - retentionSeconds * 1_000)
}

function spanOf(head: Head): number {
  return Math.floor((livesUntil(head) - head.createdAt) / renewEveryMs)
}

/** A row and its sort key, which is where a list or an audit goes on. */
export type KeyedRow = readonly [sk: string, row: Row]

export interface RowsAsk {
  readonly dimensions: readonly string[]
  /** A month, or all. */
  readonly bucket: string
  readonly after: string
  readonly from?: string
  readonly to?: string
  readonly backwards?: boolean
  readonly limit: number
}

/** The next rows of one bucket over all dimensions and their shards, merged; `more` says that there are others in it. */
export async function mergedRows(
  world: World,
  { dimensions, bucket, limit, ...range }: RowsAsk,
): Promise<{ readonly rows: readonly KeyedRow[]; readonly more: boolean }> {
  const shards = Array.from({ length: world.directoryShards }, (_, shard) => shard)
  const pages = await Promise.all(
    dimensions.flatMap((dimension) =>
      shards.map((shard) => world.store.list({ ...range, pk: rowPk(dimension, shard, bucket), limit })),
    ),
  )
  const rows = pages.flatMap((page) => page.items.map((item): KeyedRow => [item.sk, item.data as Row]))
  const isBackwards = range.backwards === true
  rows.sort((a, b) => (a[0] < b[0] === isBackwards ? 1 : -1))
  // Where shards were added, a row that was written again lies in two of them.
  const once = rows.filter(([sk], index) => sk !== rows[index - 1]?.[0])
  return { rows: once.slice(0, limit), more: once.length > limit || pages.some((page) => page.next !== undefined) }
}
