import { headKey } from '#core/keys'
import { bellFor, headItem, headOf } from '#core/layout'
import type { Write } from '#core/ports'
import { rowsOf } from '#core/tasks/rows'
import { run } from './play.ts'
import type { Meter, Role } from './region.ts'
import { Site } from './site.ts'
import type { Trace } from './trace.ts'

/** Many tasks wait, and what runs is as much as may run and takes long: what does the waiting alone cost? */

/** Longer than anybody looks. */
const taskMs = 30 * 86_400_000

export interface BacklogAsk {
  readonly tasks: number
  readonly concurrency: number
  /** From when on it is counted, and how long. */
  readonly fromSeconds: number
  readonly seconds: number
}

export async function playBacklog(ask: BacklogAsk): Promise<{ readonly site: Site; readonly spent: Readonly<Meter> }> {
  const trace: Trace = {
    name: 'backlog',
    concurrency: ask.concurrency,
    scaling: { min: 0, max: 2 },
    idleSeconds: 30,
    lagSeconds: [0, 5],
    arrivals: () => [],
    bounds: { launches: [1, 0], lateSeconds: 0 },
  }
  const site = new Site(trace, 5, {})
  await site.deploy(1)
  await seed(site, ask.tasks)
  site.hub.start()
  const { schedule } = site
  await run(site, () => schedule.nowMs < ask.fromSeconds * 1_000)
  const before = hubSpent(site)
  await run(site, () => schedule.nowMs < (ask.fromSeconds + ask.seconds) * 1_000)
  const after = hubSpent(site)
  const spent: Meter = {
    writes: after.writes - before.writes,
    fleetWrites: after.fleetWrites - before.fleetWrites,
    sends: after.sends - before.sends,
    depthAsks: after.depthAsks - before.depthAsks,
  }
  return { site, spent }
}

/** What their creation and the reactor leave of tasks: head, bell and row. */
async function seed(site: Site, tasks: number): Promise<void> {
  const { table, queue } = site.region
  const first = await site.submit(taskMs)
  const stored = table.get(headKey(first))
  if (stored === undefined) throw new Error('nothing was created')
  const template = headOf(stored)
  const put = (write: Write) => table.write(write)
  for (let index = 1; index < tasks; index++) {
    const head = { ...template, id: first.slice(0, -7) + String(index).padStart(7, '0') }
    put({ kind: 'put', item: headItem(head), condition: { kind: 'absent' } })
    for (const row of rowsOf(site.people, undefined, head)) put(row)
    queue.send([bellFor(head, 0)])
  }
  table.changes.length = 0
}

function hubSpent(site: Site): Meter {
  const sum: Meter = { writes: 0, fleetWrites: 0, sends: 0, depthAsks: 0 }
  const roles: readonly Role[] = ['reactor', 'clock']
  for (const role of roles) {
    const meter = site.region.meterOf(role)
    for (const name of ['writes', 'fleetWrites', 'sends', 'depthAsks'] as const) sum[name] += meter[name]
  }
  return sum
}
