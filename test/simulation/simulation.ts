import type { Head } from '#core/head'
import { headKey, headSk } from '#core/keys'
import { headOf } from '#core/layout'
import type { Ids, LaunchOutcome, Log } from '#core/ports'
import type { World } from '#core/world'
import { createIds } from '../support/seeded-ids.ts'
import { changeBreach } from './checks.ts'
import { Cloud } from './cloud.ts'
import { drawFaults } from './faults.ts'
import { Ledger } from './flows/ledger.ts'
import { stepBreach } from './flows/step-checks.ts'
import type { Hub } from './hub.ts'
import type { Instance } from './instance.ts'
import { call, type Network } from './network.ts'
import type { Mutations } from './planted.ts'
import { createRandom, type Random } from './random.ts'
import { type Process, Schedule } from './schedule.ts'
import { createTrace, type Trace } from './trace.ts'

/** One simulated world: what its actors share. run.ts lets it run. */

export const worker = 'mill'
export const command = 'mill.grind'
export const leaseSecondsMost = 60

export class Simulation {
  readonly random: Random
  readonly schedule: Schedule
  readonly trace: Trace
  readonly network: Network
  readonly cloud: Cloud
  readonly mutations: Mutations
  readonly ids: Ids
  readonly feedState = { cursor: 0 }
  readonly instances = new Set<Instance>()
  readonly everBorn = new Map<string, Process>()
  /** Tasks whose creation was answered with yes. */
  readonly accepted = new Set<string>()
  /** Those that the end of their retention has removed. */
  readonly removed = new Set<string>()
  readonly ledger: Ledger
  readonly notes = new Map<string, number>()
  hub: Hub | undefined
  generation = ''
  hubs = 0
  isStormy = true
  purgedAt: number | undefined
  breach: string | undefined
  spawn: ((launch: string) => void) | undefined
  readonly #launched = new Map<string, readonly string[]>()
  readonly #endedRuns = new Set<string>()
  #seenChanges = 0
  #feedWaiters: (() => void)[] = []

  constructor(seed: number, options: { readonly mutations: Mutations; readonly wantsTrace: boolean }) {
    this.random = createRandom(seed)
    this.schedule = new Schedule(this.random)
    this.trace = createTrace(this.schedule, options.wantsTrace)
    this.mutations = options.mutations
    this.network = {
      random: this.random,
      schedule: this.schedule,
      trace: this.trace,
      faults: drawFaults(this.random),
      awayUntilMs: 0,
      onEffect: () => this.#afterEffect(),
    }
    this.cloud = new Cloud(this.network, options.mutations)
    this.ledger = new Ledger(
      (breach) => this.fail(breach),
      () => this.cloud.nowMs(),
    )
    this.ids = createIds(() => this.random.next())
  }

  worldOf(process: Process): World {
    return {
      store: this.cloud.storeOf(process),
      queue: this.cloud.queueOf(process),
      clock: this.cloud.clockOf(process),
      ids: this.ids,
      chance: this.random.next,
      log: silence,
      directoryShards: 2,
      seesSince: () => (this.mutations.judgesBlind === true ? 0 : this.seesSince()),
    }
  }

  seesSince(): number {
    return this.hub === undefined ? this.cloud.nowMs() : this.hub.seesSince()
  }

  *heads(): Generator<Head> {
    for (const item of this.cloud.table.all()) if (item.sk === headSk) yield headOf(item)
  }

  hasHead(id: string): boolean {
    return this.cloud.table.get(headKey(id)) !== undefined
  }

  /** Whether this instance has lived without any trouble: then none of its runs can have crashed. */
  wasFine(name: string): boolean {
    return this.everBorn.get(name)?.isTroubled === false
  }

  hasEnded(run: string): boolean {
    return this.#endedRuns.has(run)
  }

  isQuiet(): boolean {
    return !this.isStormy && this.instances.size === 0 && this.cloud.queue.all(worker).next().done === true
  }

  /** How long the oldest change has been waiting for the reactor. */
  feedLagMs(): number {
    const change = this.cloud.table.changes[this.feedState.cursor]
    const head = change?.after?.data as { readonly modifiedAt?: number } | undefined
    return head?.modifiedAt === undefined ? 0 : this.cloud.nowMs() - head.modifiedAt
  }

  feedGrows(process: Process): Promise<void> {
    return new Promise((resolve) => this.#feedWaiters.push(() => this.schedule.at(1, process, resolve)))
  }

  /** RunTask: the same token starts the same instances; its answer may be lost. */
  launch(process: Process, token: string, count: number): Promise<LaunchOutcome> {
    const start = (): LaunchOutcome => {
      const known = this.#launched.get(token)
      const launches = known ?? Array.from({ length: count }, (_, index) => `${token.slice(0, 4)}-${index}`)
      if (known === undefined) for (const launch of launches) this.spawn?.(launch)
      this.#launched.set(token, launches)
      return { kind: 'launched', launches, refused: [] }
    }
    const unknown = (error: unknown): LaunchOutcome => ({ kind: 'unknown', message: String(error) })
    return call(this.network, process, `launch ${count}`, start).catch(unknown)
  }

  gone(instance: Instance): void {
    this.instances.delete(instance)
  }

  /** For a planted mistake: a run that lost its task takes it back. */
  async force(run: string, head: Head): Promise<void> {
    if (head.run === undefined) return
    const next: Head = { ...head, n: head.n + 1, run: { ...head.run, id: run } }
    this.cloud.table.write({
      kind: 'put',
      item: { ...headKey(head.id), born: next.born, n: next.n, due: next.due, data: next },
      condition: { kind: 'any' },
    })
    this.#afterEffect()
  }

  say(process: Process, what: () => string): void {
    this.trace.say(process.name, what)
  }

  note(what: string): void {
    this.notes.set(what, (this.notes.get(what) ?? 0) + 1)
  }

  fail(breach: string): void {
    this.breach ??= breach
  }

  #afterEffect(): void {
    const { changes } = this.cloud.table
    for (; this.#seenChanges < changes.length; this.#seenChanges++) {
      const change = changes[this.#seenChanges]
      if (change === undefined) continue
      this.ledger.noteChange(change)
      const breach = changeBreach(this, change) ?? stepBreach(this, change)
      if (breach !== undefined) this.fail(breach)
      this.#noteChange(change.sk === headSk ? change : {})
    }
    const waiters = this.#feedWaiters
    if (this.feedState.cursor < changes.length) this.#feedWaiters = []
    if (this.feedState.cursor < changes.length) for (const wake of waiters) wake()
  }

  #noteChange({ before, after }: { readonly before?: unknown; readonly after?: unknown }): void {
    const was = before === undefined ? undefined : (before as { readonly data: Head }).data
    const is = after === undefined ? undefined : (after as { readonly data: Head }).data
    if (was?.run !== undefined && was.run.id !== is?.run?.id) this.#endedRuns.add(was.run.id)
    if (is !== undefined) this.note(`${was?.status ?? 'new'} → ${is.status}`)
  }
}

const silence: Log = { info: () => undefined, warn: () => undefined, error: () => undefined }
