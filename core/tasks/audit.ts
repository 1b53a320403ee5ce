import { spans } from '../contract/limits.ts'
import type { Head } from '../head.ts'
import { clockStateKey, monthOf, rowPk, timeKey } from '../keys.ts'
import { lostAt } from '../lease.ts'
import { decide } from '../lifecycle.ts'
import type { World } from '../world.ts'
import { move, readHead } from './move.ts'
import { commandDimension, type Row } from './rows.ts'

/**
 * What only human hands can lose (a purged queue, a fortnight of pause) is found here (protocol 11): every task is
 * looked at once when it turns an hour old, over the directory's rows. One that still hangs on its bell gets a place
 * in the due index; the clock then rings it only if its bell must be gone.
 */
const auditAgeMs = 3_600_000
const rowsMost = 500

export async function auditCommand(world: World, command: string): Promise<number> {
  const key = clockStateKey(`AUDIT#${command}`)
  const state = await world.store.get(key)
  const until = world.clock.now() - auditAgeMs
  const seen = (state?.data as { readonly after: string } | undefined)?.after
  let after = seen ?? timeKey(until - auditAgeMs)
  let looked = 0
  for (const month of monthsFrom(Number(after.slice(0, 13)), until)) {
    const pk = rowPk(commandDimension(command), 0, month)
    const page = await world.store.list({ pk, after, to: timeKey(until), limit: rowsMost - looked })
    for (const item of page.items) {
      await auditTask(world, (item.data as Row).id)
      after = item.sk
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
      // The clock looks at it in its next tick, and from then on once a day.
      return decide(current, { kind: 'guard', now: world.clock.now(), writer, due: world.clock.now() })
    },
  })
}

function hangsOnItsBell(world: World, head: Head): boolean {
  if (head.due !== undefined) return false
  if (head.status === 'queued') return true
  return head.run !== undefined && !head.run.renewed && lostAt(head, head.run, world.seesSince()) <= world.clock.now()
}

function monthsFrom(from: number, to: number): readonly string[] {
  const months = new Set<string>()
  for (let time = Math.max(0, from); time < to; time += 27 * spans.dayMs) months.add(monthOf(time))
  months.add(monthOf(Math.max(0, to)))
  return [...months].sort()
}
