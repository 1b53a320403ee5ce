import { Manifest } from '#core/contract/manifest'
import { fleetKey } from '#core/keys'
import type { Change } from '#core/ports'
import { createTask } from '#core/tasks/create'
import { type Fleet, startingCount } from '#core/workers/fleet'
import { putWorker } from '#core/workers/put-worker'
import type { World } from '#core/world'
import { createRandom, type Random } from '../simulation/random.ts'
import { createProcess, Schedule } from '../simulation/schedule.ts'
import { type Container, type Ending, Fargate } from './fargate.ts'
import { Hub } from './hub.ts'
import { Instance } from './instance.ts'
import type { Planted } from './planted.ts'
import { command, Region, worker } from './region.ts'
import type { Trace } from './trace.ts'
import { Watch } from './watch.ts'

const startWithinMs = 2_000
/** How long after the last task counts may still show what has been taken, and a look at them come. */
const echoMs = 200_000
/** What a hub may warn of in these traces; all else is a fault of the hub, or of the simulation. */
const expected: ReadonlySet<string> = new Set([
  'scaler.launch-unknown',
  'scaler.refused',
  'instance.stopped',
  'clock.tasks-late',
  'clock.starts-failing',
])

/** One simulated account: a hub, the fleet of its worker, and the people who submit. */
export class Site {
  readonly trace: Trace
  readonly planted: Planted
  readonly random: Random
  readonly schedule: Schedule
  readonly region: Region
  readonly fargate: Fargate
  readonly hub: Hub
  readonly people: World
  readonly instances = new Map<string, Instance>()
  readonly watch: Watch
  breach: string | undefined
  /** Something happened that the invariants are about. */
  isChanged = false
  readonly #durationMs = new Map<string, number>()
  /** Of a task that was made after its model (backlog.ts). */
  #lastDurationMs = 0

  constructor(trace: Trace, seed: number, planted: Planted) {
    this.trace = trace
    this.planted = planted
    this.random = createRandom(seed)
    this.schedule = new Schedule(this.random)
    const { random, schedule } = this
    this.region = new Region({ schedule, random, lagSeconds: trace.lagSeconds, planted })
    this.fargate = new Fargate({
      schedule,
      random,
      fateOf: (nowMs) => trace.fateOf?.(nowMs / 1_000) ?? { kind: 'fine' },
      onUp: (container) => this.#onUp(container),
      onBreach: (message) => this.fail(message),
    })
    this.watch = new Watch({
      nowMs: () => schedule.nowMs,
      now: () => this.region.now(),
      fail: (message) => this.fail(message),
      generationOf: (instance) => this.instances.get(instance)?.container.generation,
    })
    this.people = this.region.worldOf(createProcess('people'), 'people')
    this.hub = new Hub(this)
    this.region.onChange = (change) => this.#onChange(change)
    this.region.onWarning = (event) => {
      if (!expected.has(event)) this.fail(`the hub says ${event}`)
    }
  }

  fail(message: string): void {
    this.breach ??= `at ${(this.schedule.nowMs / 1_000).toFixed(3)} s: ${message}`
  }

  /** Nobody waits for it, and it must not fail. */
  go(what: Promise<unknown>): void {
    what.catch((error: unknown) => this.fail(error instanceof Error ? (error.stack ?? error.message) : String(error)))
  }

  fleet(): Fleet | undefined {
    return this.region.table.get(fleetKey(worker))?.data as Fleet | undefined
  }

  async deploy(image: number): Promise<void> {
    const { concurrency, scaling, idleSeconds } = this.trace
    const manifest = Manifest.parse({ name: worker, commands: [{ name: command }], concurrency, scaling, idleSeconds })
    if (this.instances.size > 0) this.watch.deployed()
    await putWorker(this.people, { manifest, launch: { image }, generation: `${worker}:${image}`, by: 'ann' })
  }

  async submit(durationMs: number): Promise<string> {
    const id = this.people.ids.next()
    this.#durationMs.set(id, durationMs)
    this.#lastDurationMs = durationMs
    this.watch.submitted()
    const asked = { worker, name: command, version: 1 }
    const task = { command, arguments: {} }
    await createTask(this.people, { task, command: asked, by: 'ann', id, argumentsBytes: 2 })
    return id
  }

  durationMsOf(taskId: string): number {
    return this.#durationMs.get(taskId) ?? this.#lastDurationMs
  }

  /** One message for an empty fleet has to start exactly one instance, within two seconds of its record. */
  onBatch(changes: readonly Change[]): void {
    const { fargate, schedule, watch } = this
    const isOne = changes.length === 1 && changes[0]?.before === undefined && watch.open === 1
    if (!isOne || fargate.containers.size > 0) return
    const launched = fargate.launchedAtMs.length
    schedule.at(startWithinMs, undefined, () => {
      const count = fargate.launchedAtMs.length - launched
      if (count !== 1 && watch.open === 1) this.fail(`one message from zero started ${count} instances in 2 s`)
    })
  }

  /** Spot wants half of the machines back. */
  async reclaimHalf(how: 'noticed' | 'unnoticed'): Promise<void> {
    const up = [...this.instances.values()].filter(({ container }) => container.state === 'up')
    await Promise.all(up.slice(0, Math.ceil(up.length / 2)).map((instance) => instance.reclaim(how)))
  }

  /** A container is gone, however it came to its end. */
  ended(container: Container, ending: Ending): void {
    this.fargate.end(container)
    for (const [name, instance] of this.instances) if (instance.container === container) this.instances.delete(name)
    this.isChanged = true
    this.hub.stopped(container, ending)
  }

  /** What must hold long after the last task. */
  checkEnd(): void {
    const fleet = this.fleet()
    const { containers, launchedAtMs } = this.fargate
    const { min } = this.trace.scaling
    const left = fleet === undefined ? 0 : startingCount(fleet, this.region.now())
    const afterMs = (launchedAtMs.at(-1) ?? 0) - this.watch.lastEndMs
    if (containers.size !== min) this.fail(`${containers.size} instances are left, the least is ${min}`)
    if (left > 0 || fleet?.launches.length !== 0) this.fail(`${left} launches are left in the ledger`)
    if (afterMs > echoMs) this.fail(`an instance was started ${afterMs} ms after the last task`)
  }

  #onUp(container: Container): void {
    const image = Number(container.generation.split(':')[1])
    if (this.trace.isBroken?.(image) === true) return this.ended(container, { exitCode: 1 })
    container.state = 'up'
    const instance = new Instance(this, container)
    this.instances.set(instance.process.name, instance)
    this.go(instance.start())
  }

  #onChange(change: Change): void {
    this.hub.told(change)
    if (change.sk === 'HEAD') this.watch.head(change)
    if (change.pk !== fleetKey(worker).pk) return
    this.isChanged = true
    if (change.sk === 'FLEET' && change.after !== undefined) this.watch.fleet(change.after.data as Fleet)
  }
}
