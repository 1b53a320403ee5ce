import { readFileSync } from 'node:fs'
import { headOf } from '#core/layout'
import type { Item } from '#core/ports'
import { loseRun } from '#core/tasks/renew'
import { changeFleet, readInstances } from '#core/workers/fleet'
import { deleteInstance, instanceStopped } from '#core/workers/instances'
import { readWorkerNames } from '#core/workers/put-worker'
import type { World } from '#core/world'

/**
 * After the death of a hub: instances that it launched on this machine and whose processes are gone have lost their
 * runs, and nobody needs to wait for their leases. Those that live come back by themselves. A process id that another
 * program has by now counts as alive; then the lease decides.
 */
export async function freeRunsOfTheDead(world: World, openTasks: Iterable<Item>): Promise<void> {
  const dead = new Set<string>()
  for (const worker of await readWorkerNames(world)) {
    await forgetLaunches(world, worker)
    for (const instance of await readInstances(world, worker)) {
      if (instance.launch === undefined || instance.pid === undefined || isProcessAlive(instance.pid)) continue
      dead.add(instance.id)
      await instanceStopped(world, {
        worker,
        instance: instance.id,
        launch: instance.launch,
        reason: 'found dead',
        ready: true,
      })
    }
  }
  if (dead.size === 0) return
  const lost = [...openTasks].map(headOf).filter((head) => head.run !== undefined && dead.has(head.run.instance))
  await Promise.all(
    lost.map((head) =>
      loseRun(world, { taskId: head.id, run: head.run?.id ?? '', why: 'its instance died with the hub' }),
    ),
  )
}

/**
 * Launches were the dead hub's own: nobody will tell how they ended, and counted as starting they would keep the
 * worker at its most for minutes. One that still comes registers as any other.
 */
async function forgetLaunches(world: World, worker: string): Promise<void> {
  await changeFleet(world, worker, (fleet) => (fleet.launches.length === 0 ? undefined : { ...fleet, launches: [] }))
}

/**
 * Instances that an earlier hub knew and that have not come back: they cannot find this one (its port is another), or
 * died since. They would count as free places for minutes. Their runs are left to the leases; one that does come back
 * is written anew.
 */
export async function forgetMissing(world: World, isBack: (instance: string) => boolean): Promise<void> {
  for (const worker of await readWorkerNames(world)) {
    for (const { id } of await readInstances(world, worker)) {
      if (isBack(id)) continue
      world.log.warn('instance.missing', { worker, instance: id })
      await deleteInstance(world, worker, id)
    }
  }
}

export function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !isZombie(pid)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** A dead process that nobody has waited for, as containers without an init keep them, can still be sent signals. */
function isZombie(pid: number): boolean {
  if (process.platform !== 'linux') return false
  try {
    return /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}
