import { hostedBy } from '../contract/hosted.ts'
import type { WaitingFor } from '../contract/task.ts'
import { isTerminal } from '../contract/task.ts'
import type { WorkerView } from '../contract/workers.ts'
import { waitingForDependencies } from '../flow/dependencies.ts'
import { type Head, readyAt } from '../head.ts'
import { iso } from '../wire.ts'
import type { World } from '../world.ts'
import {
  type Fleet,
  hostedNow,
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
  if (read === undefined || read.fleet.removed !== undefined) return undefined
  const [instances, depth] = await Promise.all([readInstances(world, worker), world.queue.depth(worker)])
  const now = world.clock.now()
  const { fleet } = read
  const live = liveInstances(fleet, instances, now)
  const { manifest } = fleet
  const breaker = fleet.breaker ?? refusedAsBreaker(fleet, now)
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

/** Launches that are refused delay the next one just as starts that fail; the reason tells them apart. */
function refusedAsBreaker({ refusal }: Fleet, now: number): Fleet['breaker'] {
  if (refusal === undefined || refusal.openUntil <= now) return undefined
  const { reason, message, tries, openUntil } = refusal
  return { failures: tries, openUntil, reason: `${reason}: ${message}` }
}

/** Why a task is not running; undefined while it runs or when it has ended. */
export async function waitingFor(world: World, head: Head): Promise<WaitingFor | undefined> {
  if (isTerminal(head.status) || head.status === 'running') return undefined
  const why = await whyNotRunning(world, head)
  if (head.cancel === undefined) return why
  const message = `canceled, and to be run once more to undo what it did: ${why.message}`
  return { kind: why.kind, message, until: iso(head.cancel.graceUntil) }
}

async function whyNotRunning(world: World, head: Head): Promise<WaitingFor> {
  const now = world.clock.now()
  if (head.status === 'suspended') {
    const { on = 'one of its steps', wakeAt } = head.flow?.suspension ?? {}
    return { kind: 'step', message: on, ...(wakeAt === undefined ? {} : { until: iso(wakeAt) }) }
  }
  if (head.status === 'waiting' && head.flow?.dependencies?.isOpen === true) {
    return waitingForDependencies(world, head)
  }
  const ready = readyAt(head)
  if (ready > now) {
    const isBackoff = (head.retryAfter ?? 0) >= ready
    const message = isBackoff ? `the next run after ${head.failureCount} failed` : 'its start time'
    return { kind: isBackoff ? 'retry' : 'start', message, until: iso(ready) }
  }
  const read = await readFleet(world, head.worker)
  if (read === undefined) return { kind: 'worker', message: `the worker ${head.worker} is not registered any more` }
  return whyNotHosted(read.fleet, head) ?? whyNotClaimed(read.fleet, await readInstances(world, head.worker), now)
}

/** A task keeps its version, however often its worker is deployed anew. */
function whyNotHosted(fleet: Fleet, { command, version }: Head): WaitingFor | undefined {
  const { worker, manifest, removed } = fleet
  if (removed !== undefined || hostedBy(hostedNow(fleet))(command, version)) return undefined
  const label = `${command}@${version}`
  if (hostedBy(manifest.commands)(command, version)) {
    return {
      kind: 'version',
      message: `no instance of ${worker} that hosts ${label} is here yet; one of it was deployed`,
    }
  }
  const there = manifest.commands.filter(({ name }) => name === command).map((each) => each.version)
  const deployed = there.length === 0 ? 'none of that name' : there.sort((a, b) => a - b).join(', ')
  return { kind: 'version', message: `no deployed instance of ${worker} hosts ${label}; deployed: ${deployed}` }
}

function whyNotClaimed(fleet: Fleet, instances: readonly Instance[], now: number): WaitingFor {
  const { worker, paused, breaker, refusal, removed } = fleet
  if (removed !== undefined) {
    const message = `${worker} was removed on ${iso(removed.at)}: this waits until it is deployed again`
    return { kind: 'worker', message }
  }
  if (paused !== undefined) {
    return {
      kind: 'paused',
      message: `${worker} was paused by ${paused.by}${paused.reason ? `: ${paused.reason}` : ''}`,
    }
  }
  const live = liveInstances(fleet, instances, now)
  if (live.some((instance) => instance.freeSlots > 0))
    return { kind: 'claim', message: `an instance of ${worker} takes it next` }
  const refused = refusal !== undefined && refusal.openUntil > now ? refusal : undefined
  if (live.length > 0) {
    const more = refused === undefined ? '' : `, and more cannot be started: ${refused.message}`
    return { kind: 'slot', message: `all slots of ${live.length} instance(s) of ${worker} are busy${more}` }
  }
  if (breaker !== undefined && breaker.openUntil > now) {
    const message = `instances of ${worker} fail to start: ${breaker.reason}`
    return { kind: 'breaker', message, until: iso(breaker.openUntil) }
  }
  if (startingCount(fleet, now) > 0) {
    return { kind: 'starting', message: `an instance of ${worker} is starting${afterStop(fleet, now)}` }
  }
  if (refused !== undefined) {
    const message = `no instance of ${worker} can be started: ${refused.message}`
    return { kind: refused.reason, message, until: iso(refused.openUntil) }
  }
  if (fleet.launch === undefined)
    return { kind: 'instance', message: `no instance of ${worker} is running; start one by hand${howByHand(fleet)}` }
  if (fleet.manifest.scaling.max === 0)
    return { kind: 'scale', message: `${worker} may have no instances (scaling.max is 0)` }
  return { kind: 'instance', message: `an instance of ${worker} is about to be started${afterStop(fleet, now)}` }
}

function howByHand({ manifest: { isolationKey } }: Fleet): string {
  return isolationKey === undefined ? '' : ` (taskurai work <module> --isolation-key ${isolationKey})`
}

/** For so long the end of the last instance explains why one has to be started. */
const stopTellsMs = 900_000

function afterStop({ stops }: Fleet, now: number): string {
  const last = stops.at(-1)
  if (last === undefined || last.how === undefined || last.how === 'left') return ''
  return now - last.at < stopTellsMs ? `; the last one ended: ${last.reason}` : ''
}
