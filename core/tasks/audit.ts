import { spans } from '../contract/limits.ts'
import type { Head } from '../head.ts'
import { clockStateKey, monthOf, timeKey } from '../keys.ts'
import { lostAt } from '../lease.ts'
import { decide } from '../lifecycle.ts'
import type { World } from '../world.ts'
import { commandDimension } from './dimensions.ts'
import { move, readHead } from './move.ts'
import { mergedRows } from './rows.ts'

/**
 * What only human hands can lose (a purged queue, a fortnight of pause) is found here (protocol 11): every task is
 * looked at once when it turns an hour old, over the directory's rows. One that still hangs on its bell gets a place
 * in the due index; the clock then rings it only if its bell must be gone.
 */
const rowsMost = 500
/** How far back the first look of a command goes: as long as a queue keeps a bell. */
const firstLookMs = 14 * spans.dayMs

export async function auditCommand(world: World, command: string): Promise<number> {
  const key = clockStateKey(`AUDIT#${command}`)
  const state = await world.store.get(key)
  const until = world.clock.now() - spans.auditAgeMs
  const seen = (state?.data as { readonly after: string } | undefined)?.after
  let after = seen ?? timeKey(until - firstLookMs)
  let looked = 0
  for (const month of monthsFrom(Number(after.slice(0, 13)), until)) {
    const range = { after, to: timeKey(until), limit: rowsMost - looked }
    const { rows } = await mergedRows(world, { dimensions: [commandDimension(command)], bucket: month, ...range })
    for (const [sk, row] of rows) {
      await auditTask(world, row.id)
      after = sk
      looked++
    }
    if (looked >= rowsMost) break
  }
  if (after !== seen && looked > 0) {
    const item = { ...key, born: state?.born ?? world.ids.token(), n: (state?.n ?? 0) + 1, data: { after } }
    await world.store.commit({ write: { kind: 'put', item, condition: { kind: 'newer' } } })
  }
  return looked
}

async function auditTask(world: World, taskId: string): Promise<void> {
  const head = await readHead(world, taskId)
  if (head === undefined || !hangsOnItsBell(world, head)) return
  const writer = world.ids.token()
  await move(world, {
    taskId,
    writer,
    known: head,
    decide: (current) => {
      if (!hangsOnItsBell(world, current)) return { kind: 'refused', reason: 'not-over' }
      // The clock looks at it in its next tick, or when its lease is over, and from then on once a day.
      const now = world.clock.now()
      const due = current.run === undefined ? now : Math.max(now, lostAt(current, current.run, world.seesSince()))
      return decide(current, { kind: 'guard', now, writer, due })
    },
  })
}

function hangsOnItsBell(world: World, head: Head): boolean {
  // A start window far away is no guard: nobody would miss the bell until the task expires.
  if (head.due !== undefined && head.due <= world.clock.now() + spans.auditGuardMs) return false
  // A run within its lease too: if it is handed back to a bell that is gone, no audit comes again.
  return head.status === 'queued' || head.run?.renewed === false
}

function monthsFrom(from: number, to: number): readonly string[] {
  const months = new Set<string>()
  for (let time = Math.max(0, from); time < to; time += 27 * spans.dayMs) months.add(monthOf(time))
  months.add(monthOf(Math.max(0, to)))
  return [...months].sort()
}
