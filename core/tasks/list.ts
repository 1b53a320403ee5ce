import { limits } from '../contract/limits.ts'
import { Status } from '../contract/task.ts'
import type { Head } from '../head.ts'
import { monthOf, rowSk, timeKey } from '../keys.ts'
import type { World } from '../world.ts'
import { commandDimension, isWanted, type TaskFilter, walkOf } from './dimensions.ts'
import { createLook, type Look } from './look-at-rows.ts'
import { readHead } from './move.ts'
import { wholeBucket } from './rows.ts'

/** How many months one page walks back at most through empty ones; a cursor goes on from there. */
const monthsMost = 24
/** What is looked at in one go grows from the page's size to this, where little of it is what was asked for. */
const chunkMost = 200

export interface ListAsk {
  readonly filter: TaskFilter
  /** Whose rows are merged where the filter names nothing that has rows of its own: all that the registry knows. */
  readonly commands?: readonly string[] | undefined
  /** Time of creation, epoch ms: from (included) to (excluded). */
  readonly from: number
  readonly to: number
  /** The row after which to go on: everything at or after it in the walk has been shown. */
  readonly before?: string | undefined
  readonly limit: number
}

export interface Listed {
  readonly heads: readonly Head[]
  /** Where the next page begins; absent: that was all. */
  readonly next?: string | undefined
}

/** Whether a list of this filter must be told the commands that there are. */
export function needsCommands(world: World, filter: TaskFilter): boolean {
  return walkOf(world.ids, filter) === undefined
}

/** A page as it comes together. */
interface PageSoFar {
  readonly heads: Head[]
  scanned: number
  /** The last row that was looked at. */
  after: string
  chunkSize: number
}

/**
 * Newest first. Rows say which tasks there may be, heads what became of them. One page looks at a bounded number of
 * rows, so a page may be short, even empty, and still have a cursor. A walk is complete: rows are kept by the time of
 * creation, which never changes, so whatever else is written meanwhile moves nothing into or out of its way.
 */
export async function listTasks(world: World, ask: ListAsk): Promise<Listed> {
  const { commands = [], filter, before } = ask
  const walk = walkOf(world.ids, filter) ?? { dimensions: commands.map(commandDimension), isByMonths: true }
  const look = await createLook(world, ask, walk)
  const page: PageSoFar = { heads: [], scanned: 0, after: before ?? timeKey(ask.to), chunkSize: ask.limit }
  if (!walk.isByMonths) {
    const isOver = await walkBucket(world, ask, page, (range) => look({ ...range, bucket: wholeBucket }))
    return isOver ? { heads: page.heads } : { heads: page.heads, next: page.after }
  }
  let month = monthOf(before === undefined ? ask.to : Number(before.slice(0, 13)))
  const lastMonth = monthOf(Math.max(0, ask.from))
  for (let months = 0; months < monthsMost; months++) {
    const bucket = month
    if (!(await walkBucket(world, ask, page, (range) => look({ ...range, bucket })))) break
    if (month <= lastMonth) return { heads: page.heads }
    // Nothing more in this month: the walk goes on before its first instant.
    page.after = timeKey(Date.parse(`${month}-01T00:00:00Z`))
    month = previousMonth(month)
    if (page.scanned >= limits.listScanned) break
  }
  return { heads: page.heads, next: page.after }
}

/** Whether the bucket is over: else the page is full, or has looked at as much as a page may. */
async function walkBucket(
  world: World,
  { filter, limit }: ListAsk,
  page: PageSoFar,
  look: (range: { readonly after: string; readonly limit: number }) => ReturnType<Look>,
): Promise<boolean> {
  for (;;) {
    const { rows, more } = await look({ after: page.after, limit: page.chunkSize })
    const found = await Promise.all(
      rows.map(([, row]) => (row.unlisted === true ? undefined : readHead(world, row.id))),
    )
    for (const [index, [sk]] of rows.entries()) {
      const head = found[index]
      page.scanned++
      page.after = sk
      // An id may come back with its key (protocol 30): a row of an earlier life is none of the new one.
      if (head === undefined || rowSk(head.createdAt, head.id) !== sk || !isWanted(head, filter)) continue
      page.heads.push(head)
      if (page.heads.length === limit) return false
    }
    if (!more) return true
    if (page.scanned >= limits.listScanned) return false
    page.chunkSize = Math.max(page.chunkSize, Math.min(2 * page.chunkSize, chunkMost))
  }
}

function previousMonth(month: string): string {
  const first = new Date(`${month}-01T00:00:00Z`)
  return new Date(first.getTime() - 1).toISOString().slice(0, 7)
}

export function isStatus(text: string): text is Status {
  return Status.safeParse(text).success
}
