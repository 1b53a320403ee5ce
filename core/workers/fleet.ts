import type { HostedCommand } from '../contract/hosted.ts'
import { spans } from '../contract/limits.ts'
import type { Manifest } from '../contract/manifest.ts'
import { fleetKey, instancePrefix } from '../keys.ts'
import { renewEveryMs } from '../lease.ts'
import type { Item } from '../ports.ts'
import type { Breaker, Refusal } from '../scaler.ts'
import type { World } from '../world.ts'

/** One launch that was decided, written before it is carried out: the ledger (protocol 34). */
export interface Launch {
  readonly token: string
  readonly generation: string
  readonly count: number
  readonly at: number
  /** How it was asked for, kept until it is answered: the same token goes with the same parameters only. */
  readonly spec?: unknown
  /** What the launcher answered: one id for each instance that will come. Absent: not answered yet. */
  readonly ids?: readonly string[]
  /** How often it was asked for without an answer, and when last. */
  readonly asked?: { readonly tries: number; readonly at: number } | undefined
}

export interface Stop {
  readonly at: number
  readonly instance: string
  readonly reason: string
  readonly ready: boolean
  readonly launch?: string | undefined
  readonly how?: StopKind | undefined
}

/** `interrupted`: the machine was taken from it, which says nothing about the worker. */
export type StopKind = 'left' | 'interrupted' | 'crashed'

/** A worker's fleet: what it is, and what was decided about it. One item, moved by conditional writes. */
export interface Fleet {
  readonly worker: string
  readonly manifest: Manifest
  readonly launch?: unknown
  /** The generation that new launches get; `current` follows when its first instance registers (protocol 36). */
  readonly wanted: string
  readonly current?: string | undefined
  /** What instances of `current` host, as long as another generation is wanted, which the manifest belongs to. */
  readonly currentHosts?: readonly HostedCommand[] | undefined
  readonly paused?: { readonly at: number; readonly by: string; readonly reason?: string | undefined } | undefined
  readonly launches: readonly Launch[]
  readonly decisions: number
  readonly lastDecisionAt?: number | undefined
  readonly breaker?: Breaker | undefined
  readonly refusal?: Refusal | undefined
  /** Which deployment it belongs to, where deployments register it: that one alone removes it. */
  readonly owner?: string | undefined
  /** It is not deployed any more: nothing is launched, and what runs takes nothing new. */
  readonly removed?: { readonly at: number; readonly by: string } | undefined
  readonly stops: readonly Stop[]
  /** Since when the queue has been seen empty on three ticks in a row (protocol 11). */
  readonly emptyAt?: number | undefined
  readonly emptyLooks?: readonly number[] | undefined
  readonly stuckLooks?: number | undefined
  readonly lastBells?: number | undefined
}

export interface Instance {
  readonly id: string
  readonly worker: string
  readonly generation: string
  readonly concurrency: number
  readonly freeSlots: number
  readonly state: 'live' | 'leaving'
  /** Idle, it has asked to go: it counts as live until it has gone, for its last receive may bring work. */
  readonly asksToGo?: boolean | undefined
  readonly startedAt: number
  readonly seenAt: number
  readonly launch?: string | undefined
  readonly pid?: number | undefined
}

/** A launch counts as starting for so long; an image that takes longer is started again (protocol 34). */
export const launchCountsMs = 300_000
/** It stays in the ledger for longer: an image that cannot be pulled may take its time to fail, and that must count. */
const launchKeptMs = 3_600_000
/** So many of those that count no more, or a launcher that never tells of an end would outgrow the item. */
const launchesKept = 1_000
/** An instance that nobody heard of for so long is not counted any more; `silentMs` knows who may be silent longer. */
export const instanceSilentMs = 120_000
const instancesMost = 1_000
export const stopsKept = 20

export async function readFleet(world: World, worker: string): Promise<{ item: Item; fleet: Fleet } | undefined> {
  const item = await world.store.get(fleetKey(worker))
  return item === undefined ? undefined : { item, fleet: item.data as Fleet }
}

export async function readInstances(world: World, worker: string): Promise<readonly Instance[]> {
  const page = await world.store.list({ pk: fleetKey(worker).pk, prefix: instancePrefix, limit: instancesMost })
  return page.items.map((item) => item.data as Instance)
}

const conflictsMost = 50

/** Changes the fleet item by a function of what stands there; undefined means nothing to change. */
export async function changeFleet(
  world: World,
  worker: string,
  change: (fleet: Fleet) => Fleet | undefined | Promise<Fleet | undefined>,
  known?: { readonly item: Item; readonly fleet: Fleet },
): Promise<Fleet | undefined> {
  for (let conflicts = 0; conflicts < conflictsMost; conflicts++) {
    // What was read just before is tried first: the condition says whether it still stands.
    const read = (conflicts === 0 ? known : undefined) ?? (await readFleet(world, worker))
    if (read === undefined) return undefined
    const next = await change(read.fleet)
    if (next === undefined) return read.fleet
    const { born, n } = read.item
    const item = { ...fleetKey(worker), born, n: n + 1, data: next }
    const outcome = await world.store.commit({ write: { kind: 'put', item, condition: { kind: 'at', born, n } } })
    if (outcome.kind === 'written') return next
  }
  throw new Error(`worker ${worker}: ${conflictsMost} conflicts on its fleet item`)
}

/** How many instances are on their way, by the ledger; of one generation, where it is named. */
export function startingCount(fleet: Fleet, now: number, generation?: string): number {
  let count = 0
  for (const launch of fleet.launches) {
    if (generation !== undefined && launch.generation !== generation) continue
    // Without an answer it may have begun at any moment since.
    if (launch.ids === undefined) count += launch.count
    else if (now - launch.at < launchCountsMs) count += launch.ids.length
  }
  return count
}

/** What of the ledger goes on beside a new launch. */
export function keptLaunches(fleet: Fleet, now: number): readonly Launch[] {
  let count = 0
  const kept = fleet.launches.toReversed().filter((launch) => {
    count += launch.ids?.length ?? launch.count
    const ageMs = now - launch.at
    return ageMs < launchCountsMs || (ageMs < launchKeptMs && count <= launchesKept)
  })
  return kept.reverse()
}

export function liveInstances(fleet: Fleet, instances: readonly Instance[], now: number): readonly Instance[] {
  const mostMs = silentMs(fleet)
  return instances.filter((instance) => instance.state === 'live' && now - instance.seenAt < mostMs)
}

/** A full instance is heard of by its renewals alone, which long leases make rare: it may miss one of them. */
export function silentMs(fleet: Fleet): number {
  return Math.max(instanceSilentMs, 2 * renewEveryMs(workerLeaseSeconds(fleet)))
}

/** What those that may take tasks now host: while a deployment is on its way, what was deployed before. */
export function hostedNow({ current, wanted, currentHosts, manifest }: Fleet): readonly HostedCommand[] {
  return current === wanted || currentHosts === undefined ? manifest.commands : currentHosts
}

/** What is to be kept of that when another generation is wanted. */
export function hostsOfCurrent(fleet: Fleet, wanted: string): readonly HostedCommand[] | undefined {
  if (fleet.current === undefined || fleet.current === wanted) return undefined
  return hostedNow(fleet).map(({ name, version, fallback }) => ({ name, version, fallback }))
}

export function tasksPerInstance(fleet: Fleet): number {
  return fleet.manifest.scaling.tasksPerInstance ?? fleet.manifest.concurrency
}

/** The longest lease of the worker's commands: how long a receive holds its bells. */
export function workerLeaseSeconds(fleet: Fleet): number {
  return Math.max(...fleet.manifest.commands.map((command) => command.leaseSeconds ?? spans.defaultLeaseSeconds))
}
