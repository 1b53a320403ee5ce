import { spans } from '../contract/limits.ts'
import type { Head } from '../head.ts'
import { monthOf, rowPk, rowSk } from '../keys.ts'
import type { Item, Write } from '../ports.ts'

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

/** The rows that this change of a head calls for. Written again on redelivery, they say the same. */
export function rowsOf(before: Head | undefined, after: Head): readonly Write[] {
  const rows: Write[] = []
  if (before === undefined || before.born !== after.born) rows.push(rowWrite(commandDimension(after.command), after))
  if (after.status === 'failed' && before?.status !== 'failed') rows.push(rowWrite(failedDimension, after))
  return rows
}

function rowWrite(dimension: string, head: Head): Write {
  const data: Row = head.unlisted === true ? { id: head.id, unlisted: true } : { id: head.id }
  const item: Item = {
    pk: rowPk(dimension, shardOf(), monthOf(head.createdAt)),
    sk: rowSk(head.createdAt, head.id),
    born: head.born,
    n: 1,
    expiresAt: Math.max(head.createdAt, head.modifiedAt) + head.retentionSeconds * 1_000 + rowExtraMs,
    data,
  }
  // A row never changes, so writing it again says the same: no condition is needed, nor a read to check one.
  return { kind: 'put', item, condition: { kind: 'any' } }
}

/** One shard is enough for one machine; the hub in an account spreads rows by the id's hash. */
function shardOf(): number {
  return 0
}
