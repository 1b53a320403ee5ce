import type { WaitingFor } from '../contract/task.ts'
import { isTerminal } from '../contract/task.ts'
import type { WorkerView } from '../contract/workers.ts'
import { type Head, readyAt } from '../head.ts'
import { iso } from '../wire.ts'
import type { World } from '../world.ts'
import {
  type Fleet,
  type Instance,
  liveInstances,
  readFleet,
  readInstances,
  startingCount,
  tasksPerInstance,
} from './fleet.ts'

/** What people see of a worker, and the answer to "why does my task not run?". */

export async function viewWorker(world: World, worker: string): Promise<WorkerView | undefined> {
  const read = await readFleet(world, worker)
  if (read === undefined) return undefined
  const [instances, depth] = await Promise.all([readInstances(world, worker), world.queue.depth(worker)])
  const now = world.clock.now()
  const { fleet } = read
  const live = liveInstances(instances, now)
  const { breaker, manifest } = fleet
  return {
    name: worker,
    commands: manifest.commands.map(({ name, version }) => ({ name, version })),
    instances: live.length,
    starting: startingCount(fleet, now),
    freeSlots: live.reduce((sum, instance) => sum + instance.freeSlots, 0),
    backlog: depth.visible + depth.delayed,
    paused: fleet.paused !== undefined,
    scaling: { min: manifest.scaling.min, max: manifest.scaling.max, tasksPerInstance: tasksPerInstance(fleet) },
    concurrency: manifest.concurrency,
    generation: fleet.current ?? fleet.wanted,
    ...(breaker === undefined
      ? {}
      : { breaker: { failures: breaker.failures, openUntil: iso(breaker.openUntil), reason: breaker.reason } }),
  }
}

/** Why a task is not running; undefined while it runs or when it has ended. */
export async function waitingFor(world: World, head: Head): Promise<WaitingFor | undefined> {
  if (isTerminal(head.status) || head.status === 'running') return undefined
  const now = world.clock.now()
  const ready = readyAt(head)
  if (ready > now) {
    const isBackoff = (head.retryAfter ?? 0) >= ready
    const message = isBackoff ? `the next run after ${head.failureCount} failed` : 'its start time'
    return { kind: isBackoff ? 'retry' : 'start', message, until: iso(ready) }
  }
  const read = await readFleet(world, head.worker)
  if (read === undefined) return { kind: 'worker', message: `the worker ${head.worker} is not registered any more` }
  return whyNotClaimed(read.fleet, await readInstances(world, head.worker), now)
}

function whyNotClaimed(fleet: Fleet, instances: readonly Instance[], now: number): WaitingFor {
  const { worker, paused, breaker } = fleet
  if (paused !== undefined) {
    return {
      kind: 'paused',
      message: `${worker} was paused by ${paused.by}${paused.reason ? `: ${paused.reason}` : ''}`,
    }
  }
  const live = liveInstances(instances, now)
  if (live.some((instance) => instance.freeSlots > 0))
    return { kind: 'claim', message: `an instance of ${worker} takes it next` }
  if (live.length > 0) return { kind: 'slot', message: `all slots of ${live.length} instance(s) of ${worker} are busy` }
  if (breaker !== undefined && breaker.openUntil > now) {
    const message = `instances of ${worker} fail to start: ${breaker.reason}`
    return { kind: 'breaker', message, until: iso(breaker.openUntil) }
  }
  if (startingCount(fleet, now) > 0) return { kind: 'starting', message: `an instance of ${worker} is starting` }
  if (fleet.launch === undefined)
    return { kind: 'instance', message: `no instance of ${worker} is running; start one by hand` }
  if (fleet.manifest.scaling.max === 0)
    return { kind: 'scale', message: `${worker} may have no instances (scaling.max is 0)` }
  return { kind: 'instance', message: `an instance of ${worker} is about to be started` }
}
