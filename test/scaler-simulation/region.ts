import { BellQueue } from '#adapters/memory/bell-queue'
import { MemoryTable } from '#adapters/memory/table'
import type { Bell, Change, Clock, Commit, CommitOutcome, Item, Queue, QueueDepth, Store } from '#core/ports'
import type { World } from '#core/world'
import type { Random } from '../simulation/random.ts'
import type { Process, Schedule } from '../simulation/schedule.ts'
import { createIds } from '../support/seeded-ids.ts'
import type { Planted } from './planted.ts'

/** Who touches the store and the queue: what each of them costs is counted apart. */
export type Role = 'people' | 'instance' | 'reactor' | 'clock'

export interface Meter {
  writes: number
  /** Of those, the writes of the fleet item. */
  fleetWrites: number
  sends: number
  depthAsks: number
}

/** Where an account's calls go: a table, a queue whose counts are old, and a stream of what changed. */
export class Region {
  readonly table = new MemoryTable()
  readonly queue: BellQueue
  readonly meters = new Map<Role, Meter>()
  /** Called for each change of an item, as it happens. */
  onChange: (change: Change) => void = () => undefined
  onWarning: (event: string) => void = () => undefined
  readonly #schedule: Schedule
  readonly #random: Random
  readonly #planted: Planted
  readonly #lagSeconds: readonly [number, number]
  readonly #ids
  #samples: { readonly atMs: number; readonly depth: QueueDepth }[] = []

  constructor(of: {
    schedule: Schedule
    random: Random
    lagSeconds: readonly [number, number]
    planted: Planted
  }) {
    this.#schedule = of.schedule
    this.#random = of.random
    this.#planted = of.planted
    this.#lagSeconds = of.lagSeconds
    this.#ids = createIds(() => this.#random.next())
    this.queue = new BellQueue(this.#clockOf(undefined))
  }

  now(): number {
    return epochMs + this.#schedule.nowMs
  }

  meterOf(role: Role): Meter {
    let meter = this.meters.get(role)
    if (meter === undefined) {
      meter = { writes: 0, fleetWrites: 0, sends: 0, depthAsks: 0 }
      this.meters.set(role, meter)
    }
    return meter
  }

  worldOf(process: Process, role: Role): World {
    return {
      store: this.#storeOf(process, role),
      queue: this.#queueOf(process, role),
      clock: this.#clockOf(process),
      ids: this.#ids,
      chance: () => this.#random.next(),
      log: { info: () => undefined, warn: (event) => this.onWarning(event), error: (event) => this.onWarning(event) },
      directoryShards: 4,
      seesSince: () => epochMs,
    }
  }

  #clockOf(process: Process | undefined): Clock {
    const schedule = this.#schedule
    return {
      now: () => this.now(),
      monotonicMs: () => schedule.nowMs,
      wait: (ms, signal) =>
        new Promise((resolve, reject) => {
          signal?.addEventListener('abort', () => reject(new Error('the wait was aborted')), { once: true })
          schedule.at(ms, process, resolve)
        }),
    }
  }

  /** One call: it takes effect after its way, and the caller knows at once. */
  #call<T>(process: Process, role: Role, effect: () => T | Promise<T>): Promise<T> {
    if (role === 'people') return Promise.resolve(effect())
    return new Promise((resolve, reject) => {
      this.#schedule.at(this.#random.int(2, 12), process, () => {
        Promise.resolve(effect()).then(resolve, reject)
      })
    })
  }

  #storeOf(process: Process, role: Role): Store {
    const { table } = this
    const see = (item: Item) => (role === 'reactor' || role === 'clock' ? (this.#planted.sees?.(item) ?? item) : item)
    return {
      inlineBytes: 1_000,
      get: (key) =>
        this.#call(process, role, () => {
          const item = table.get(key)
          return item === undefined ? undefined : see(item)
        }),
      list: (range) =>
        this.#call(process, role, () => {
          const page = table.list(range)
          return { ...page, items: page.items.map(see) }
        }),
      due: ({ until, limit }) => this.#call(process, role, () => table.due(until, limit)),
      commit: (commit) => this.#call(process, role, () => this.#commit(role, commit)),
      addToSet: (key, members) => this.#call(process, role, () => table.addToSet(key, members)),
    }
  }

  #commit(role: Role, { bells = [], before = [], write }: Commit): CommitOutcome {
    const meter = this.meterOf(role)
    meter.sends += bells.length
    this.#send(bells)
    for (const side of before) table(this, side)
    meter.writes += before.length + 1
    if (write.kind === 'put' && write.item.sk === 'FLEET') meter.fleetWrites++
    return table(this, write)
  }

  #send(bells: readonly Bell[]): void {
    if (bells.length === 0) return
    this.queue.send(bells)
    void this.#sample()
  }

  #queueOf(process: Process, role: Role): Queue {
    const ask = async <T>(effect: () => Promise<T>): Promise<T> => {
      const answer = await this.#call(process, role, effect)
      void this.#sample()
      return answer
    }
    return {
      receive: (want) => ask(() => this.queue.receive(want)),
      extend: (worker, receipt, holdMs) => ask(() => this.queue.extend(worker, receipt, holdMs)),
      done: (worker, receipt) => ask(() => this.queue.done(worker, receipt)),
      depth: () => {
        this.meterOf(role).depthAsks++
        return this.#call(process, role, () => this.#oldDepth())
      },
    }
  }

  /** What the queue held some time ago. */
  async #oldDepth(): Promise<QueueDepth> {
    await this.#sample(0)
    const seenMs = this.#schedule.nowMs - this.#random.int(...this.#lagSeconds) * 1_000
    return this.#samples.findLast(({ atMs }) => atMs <= seenMs)?.depth ?? { visible: 0, delayed: 0, held: 0 }
  }

  async #sample(sinceMs = sampleEveryMs): Promise<void> {
    const atMs = this.#schedule.nowMs
    const last = this.#samples.at(-1)
    if (last !== undefined && atMs - last.atMs < sinceMs) return
    this.#samples.push({ atMs, depth: await this.queue.depth(worker) })
    if (this.#samples.length > 2 * samplesMost) this.#samples = this.#samples.slice(-samplesMost)
  }
}

/** The stream tells of the write itself; the table's own record of all changes would only grow. */
function table(region: Region, write: Commit['write']): CommitOutcome {
  const outcome = region.table.write(write)
  const change = region.table.changes.pop()
  if (change !== undefined) region.onChange(change)
  return outcome
}

export const worker = 'mill'
export const command = 'mill.grind'
export const epochMs = Date.UTC(2026, 0, 15, 12)
const sampleEveryMs = 500
/** More than the longest lag holds. */
const samplesMost = 500
