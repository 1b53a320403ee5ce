import { taskIdPattern } from '../contract/names.ts'
import { rowSk, timeKey } from '../keys.ts'
import type { World } from '../world.ts'
import type { TaskFilter, Walk } from './dimensions.ts'
import { readHead } from './move.ts'
import { type KeyedRow, mergedRows } from './rows.ts'

/**
 * The next rows of a list's walk, and among them one that no row says: the task whose own id is what others are
 * correlated by. Nearly every task is one of those, so a row of each would be a write that nobody asks for.
 */

export interface LookRange {
  readonly bucket: string
  readonly after: string
  readonly limit: number
}

export type Look = (range: LookRange) => Promise<{ readonly rows: readonly KeyedRow[]; readonly more: boolean }>

export async function createLook(
  world: World,
  { filter, from }: { readonly filter: TaskFilter; readonly from: number },
  { dimensions }: Walk,
): Promise<Look> {
  const low = timeKey(from)
  const root = dimensions[0]?.startsWith('correlationId=') === true ? await rootRow(world, filter) : undefined
  return async ({ bucket, after, limit }) => {
    const looked = await mergedRows(world, { dimensions, bucket, after, from: low, backwards: true, limit })
    if (root === undefined) return looked
    const [sk] = root
    const last = looked.rows.at(-1)?.[0]
    const isHere = sk < after && sk >= low && (!looked.more || last === undefined || sk > last)
    if (!isHere) return looked
    const rows = [...looked.rows, root].sort((a, b) => (a[0] < b[0] ? 1 : -1))
    return { ...looked, rows }
  }
}

async function rootRow(world: World, { correlationId: id }: TaskFilter): Promise<KeyedRow | undefined> {
  if (id === undefined || !taskIdPattern.test(id)) return undefined
  const head = await readHead(world, id)
  if (head === undefined || head.correlationId !== id || head.unlisted === true) return undefined
  return [rowSk(head.createdAt, id), { id }]
}
