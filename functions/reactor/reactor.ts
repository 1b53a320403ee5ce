import { followFlows } from '#core/flow/follow'
import type { Head } from '#core/head'
import { headSk, isTaskPk } from '#core/keys'
import { headOf } from '#core/layout'
import type { Change, Write } from '#core/ports'
import { clearBeside } from '#core/tasks/clear'
import { rowsOf } from '#core/tasks/rows'
import type { World } from '#core/world'

/**
 * What follows from changes, the same in both homes (protocol 37): scale-out, wakes and all else of workflows, the
 * directory, and the removal of what lay beside a head that is gone. It is told of every change at least once, sometimes
 * late, sometimes again after a newer one.
 */
export interface ReactorEffects {
  /** So many fresh records show queued tasks of this worker that may start now: look whether it needs instances. */
  readonly nudgeScaler: (worker: string, queued: number) => void
}

const recordFreshMs = 60_000

export async function react(world: World, effects: ReactorEffects, changes: readonly Change[]): Promise<void> {
  const queued = new Map<string, number>()
  const rows: Write[] = []
  const gone: Head[] = []
  for (const change of changes) {
    if (change.sk !== headSk || !isTaskPk(change.pk)) continue
    const before = change.before === undefined ? undefined : headOf(change.before)
    if (change.after === undefined) {
      if (before !== undefined) gone.push(before)
      continue
    }
    const after = headOf(change.after)
    // A new life took the place of one that was past its retention: what lay beside the old one goes as well.
    if (before !== undefined && before.born !== after.born) gone.push(before)
    if (isFreshlyQueued(world, before, after)) queued.set(after.worker, (queued.get(after.worker) ?? 0) + 1)
    rows.push(...rowsOf(world, before, after))
  }
  for (const [worker, count] of queued) effects.nudgeScaler(worker, count)
  await Promise.all([
    followFlows(world, changes),
    putRows(world, rows),
    ...gone.map((head) => clearBeside(world, head)),
  ])
}

/** A store that writes many rows in one go answers them all with one promise, which need not be waited for many times. */
async function putRows({ store }: World, rows: readonly Write[]): Promise<void> {
  const written = new Set(rows.map((write) => store.commit({ write })))
  await Promise.all(written)
}

function isFreshlyQueued(world: World, before: Head | undefined, after: Head): boolean {
  if (after.status !== 'queued' || before?.status === 'queued') return false
  const now = world.clock.now()
  return now - after.modifiedAt < recordFreshMs && Math.max(after.startAfter ?? 0, after.retryAfter ?? 0) <= now
}
