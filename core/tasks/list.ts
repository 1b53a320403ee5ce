import { limits } from '../contract/limits.ts'
import { Status } from '../contract/task.ts'
import type { Head } from '../head.ts'
import { monthOf, timeKey } from '../keys.ts'
import type { World } from '../world.ts'
import { readHead } from './move.ts'
import { commandDimension, failedDimension, mergedRows } from './rows.ts'

/** How many months one page walks back at most through empty ones; a cursor goes on from there. */
const monthsMost = 24

export interface ListAsk {
  /** The commands whose rows are merged: one, or all that the registry knows. */
  readonly commands: readonly string[]
  readonly status?: Status | undefined
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

/**
 * Newest first. Rows say which tasks there are, heads say what became of them. One page looks at a bounded number of
 * rows, so a page may be short, even empty, and still have a cursor.
 */
export async function listTasks(world: World, ask: ListAsk): Promise<Listed> {
  const dimensions =
    ask.status === 'failed' && ask.commands.length !== 1 ? [failedDimension] : ask.commands.map(commandDimension)
  const wanted = new Set(ask.commands)
  const heads: Head[] = []
  let scanned = 0
  let month = monthOf(ask.before === undefined ? ask.to : Number(ask.before.slice(0, 13)))
  let after = ask.before ?? timeKey(ask.to)
  const lastMonth = monthOf(Math.max(0, ask.from))
  for (let months = 0; months < monthsMost; months++) {
    for (;;) {
      const range = { after, from: timeKey(ask.from), backwards: true, limit: ask.limit }
      const chunk = await mergedRows(world, { dimensions, month, ...range })
      const found = await Promise.all(
        chunk.rows.map(([, row]) => (row.unlisted === true ? undefined : readHead(world, row.id))),
      )
      for (const [index, [sk]] of chunk.rows.entries()) {
        const head = found[index]
        scanned++
        after = sk
        if (head === undefined || !wanted.has(head.command)) continue
        if (ask.status !== undefined && head.status !== ask.status) continue
        heads.push(head)
        if (heads.length === ask.limit) return { heads, next: after }
      }
      if (!chunk.more) break
      if (scanned >= limits.listScanned) return { heads, next: after }
    }
    if (month <= lastMonth) return { heads }
    // Nothing more in this month: the walk goes on before its first instant.
    after = timeKey(Date.parse(`${month}-01T00:00:00Z`))
    month = previousMonth(month)
  }
  return { heads, next: after }
}

function previousMonth(month: string): string {
  const first = new Date(`${month}-01T00:00:00Z`)
  return new Date(first.getTime() - 1).toISOString().slice(0, 7)
}

export function isStatus(text: string): text is Status {
  return Status.safeParse(text).success
}
