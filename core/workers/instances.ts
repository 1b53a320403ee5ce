import { instanceKey } from '../keys.ts'
import type { Item } from '../ports.ts'
import { afterFailedStart } from '../scaler.ts'
import type { World } from '../world.ts'
import {
  changeFleet,
  type Fleet,
  type Instance,
  type Launch,
  readFleet,
  readInstances,
  type Stop,
  type StopKind,
  stopsKept,
} from './fleet.ts'

/** The life of an instance as the fleet sees it: registers, tells its free slots, leaves, or is found stopped. */

export interface RegisterAsk {
  readonly instance: string
  readonly worker: string
  readonly generation: string
  readonly concurrency: number
  readonly launch?: string | undefined
  readonly pid?: number | undefined
}

/**
 * A generation becomes current when its first instance registers, not when it is deployed (protocol 36). The instance
 * is written before its launch leaves the ledger: in between it counts twice, never not at all.
 */
export async function registerInstance(world: World, ask: RegisterAsk): Promise<Fleet | undefined> {
  if ((await readFleet(world, ask.worker)) === undefined) return undefined
  const now = world.clock.now()
  await putInstance(world, {
    id: ask.instance,
    worker: ask.worker,
    generation: ask.generation,
    concurrency: ask.concurrency,
    freeSlots: ask.concurrency,
    state: 'live',
    startedAt: now,
    seenAt: now,
    launch: ask.launch,
    pid: ask.pid,
  })
  return changeFleet(world, ask.worker, (standing) => {
    const isWanted = ask.generation === standing.wanted
    const current = isWanted ? standing.wanted : standing.current
    const launches = ask.launch === undefined ? standing.launches : withoutLaunch(standing, ask.launch)
    // An instance of an older image says nothing about the one that fails to start.
    const breaker = isWanted ? undefined : standing.breaker
    const isSettled = current === standing.current && launches === standing.launches && breaker === standing.breaker
    const currentHosts = isWanted ? undefined : standing.currentHosts
    return isSettled ? undefined : { ...standing, current, currentHosts, launches, breaker }
  })
}

/** Only the instance itself (or the hub on its behalf) writes its item, so any version may be replaced. */
export async function putInstance(world: World, instance: Instance): Promise<void> {
  const item: Item = { ...instanceKey(instance.worker, instance.id), born: world.ids.token(), n: 1, data: instance }
  await world.store.commit({ write: { kind: 'put', item, condition: { kind: 'any' } } })
}

export async function deleteInstance(world: World, worker: string, instance: string): Promise<void> {
  const key = instanceKey(worker, instance)
  await world.store.commit({ write: { kind: 'delete', key, condition: { kind: 'any' } } })
}

export interface StoppedAsk {
  readonly worker: string
  readonly instance?: string | undefined
  readonly launch?: string | undefined
  readonly reason: string
  /** Whether it had registered: one that ends before that is a failed start and works on the breaker. */
  readonly ready: boolean
}

export async function instanceStopped(world: World, ask: StoppedAsk): Promise<void> {
  const now = world.clock.now()
  if (ask.instance !== undefined) await deleteInstance(world, ask.worker, ask.instance)
  await changeFleet(world, ask.worker, (fleet) => {
    const stop: Stop = {
      at: now,
      instance: ask.instance ?? ask.launch ?? 'unknown',
      reason: ask.reason,
      ready: ask.ready,
    }
    const started = launchOf(fleet, ask.launch)
    const launches = ask.launch === undefined ? fleet.launches : withoutLaunch(fleet, ask.launch)
    const isFailed = !ask.ready && (started === undefined || isOfWanted(fleet, started))
    const breaker = isFailed ? afterFailedStart(fleet.breaker, ask.reason, now) : fleet.breaker
    return { ...fleet, launches, breaker, stops: [...fleet.stops, stop].slice(-stopsKept) }
  })
}

/** An older generation that fails says nothing about the one that is wanted. */
function isOfWanted(fleet: Fleet, { generation }: Launch): boolean {
  return generation === fleet.wanted
}

function launchOf(fleet: Fleet, launch: string | undefined): Launch | undefined {
  return launch === undefined ? undefined : fleet.launches.find((entry) => entry.ids?.includes(launch) === true)
}

export interface LaunchStopped {
  readonly worker: string
  readonly launch: string
  /** When it stopped, as its launcher says: the same however often it is told. */
  readonly at: number
  readonly how: StopKind
  readonly reason: string
}

/**
 * A launch has ended, whether it became an instance or not. Told at least once and in any order: it counts once, since
 * a failed start takes the launch out of the ledger in the write that counts it, and of the stops the newest are kept.
 */
export async function launchStopped(world: World, ask: LaunchStopped): Promise<void> {
  const instance = (await readInstances(world, ask.worker)).find(({ launch }) => launch === ask.launch)
  await changeFleet(world, ask.worker, (fleet) => {
    const started = launchOf(fleet, ask.launch)
    const ready = started === undefined || instance !== undefined
    const stops = withStop(fleet, { ...stopOf(ask), ready })
    if (started === undefined && stops === fleet.stops) return undefined
    // A machine that was taken away says nothing about the worker either.
    const isFailed = !ready && ask.how !== 'interrupted' && isOfWanted(fleet, started)
    const breaker = isFailed ? afterFailedStart(fleet.breaker, ask.reason, world.clock.now()) : fleet.breaker
    return { ...fleet, launches: withoutLaunch(fleet, ask.launch), breaker, stops }
  })
  // Last: whoever dies before this is told again, and an instance that was there is no failed start then either.
  if (instance !== undefined) await deleteInstance(world, ask.worker, instance.id)
}

function stopOf({ at, launch, reason, how }: LaunchStopped): Omit<Stop, 'ready'> {
  return { at, instance: launch.slice(launch.lastIndexOf('/') + 1), launch, reason, how }
}

function withStop({ stops }: Fleet, stop: Stop): Fleet['stops'] {
  if (stops.some(({ launch }) => launch === stop.launch)) return stops
  const newest = [...stops, stop].sort((a, b) => a.at - b.at).slice(-stopsKept)
  return newest.includes(stop) ? newest : stops
}

function withoutLaunch(fleet: Fleet, launch: string): Fleet['launches'] {
  if (launchOf(fleet, launch) === undefined) return fleet.launches
  return fleet.launches
    .map((entry) => (entry.ids === undefined ? entry : { ...entry, ids: entry.ids.filter((id) => id !== launch) }))
    .filter((entry) => entry.ids === undefined || entry.ids.length > 0)
}
