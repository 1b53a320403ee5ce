import { readReplay } from '#core/flow/replay'
import { bellHoldMs } from '#core/lease'
import type { ReceivedBell } from '#core/ports'
import { claim } from '#core/tasks/claim'
import { readFleet } from '#core/workers/fleet'
import type { RegisterAsk } from '#core/workers/instances'
import { deleteInstance, putInstance, registerInstance } from '#core/workers/instances'
import type { World } from '#core/world'
import { Session } from '#functions/worker-protocol/session'
import { type Owned, Owner } from './owner.ts'
import { createProcess, type Process } from './schedule.ts'
import { leaseSecondsMost, type Simulation, worker } from './simulation.ts'

/** An instance: receives, claims, runs, and leaves when it has been idle. A small model of the real run loop. */

const concurrency = 2
const idleMs = 60_000
const longPollMs = 20_000
const busyPollMs = 1_000

export class Instance {
  readonly process: Process
  readonly world: World
  readonly launch: string
  readonly simulation: Simulation
  readonly owners = new Set<Owner>()
  readonly session: Session
  isRegistered = false
  #isPaused = false
  #busySlots = 0

  constructor(simulation: Simulation, name: string, launch: string) {
    const { random } = simulation
    const { slowClock } = simulation.network.faults
    const rate = random.is(slowClock) ? 0.3 : 1
    this.simulation = simulation
    this.launch = launch
    this.process = createProcess(name, { rate, skewMs: random.int(-500, 500) })
    this.world = simulation.worldOf(this.process)
    const { generation } = simulation
    const of = { worker, instance: name, generation, concurrency, launch, pid: undefined, startedAt: 0 }
    this.session = new Session({ ...of, isShared: false })
  }

  get isHonest(): boolean {
    return this.process.rate === 1
  }

  async live(): Promise<void> {
    if (!(await this.#register())) return this.#exit()
    let idleSince = this.world.clock.monotonicMs()
    for (;;) {
      const bells = this.#busySlots < concurrency ? await this.#receive() : []
      for (const bell of bells) this.#take(bell)
      if (bells.length > 0 || this.#busySlots > 0) idleSince = this.world.clock.monotonicMs()
      if (this.world.clock.monotonicMs() - idleSince > idleMs) return this.#leave()
      const waitMs = this.#busySlots < concurrency ? longPollMs : busyPollMs
      const shows = this.simulation.cloud.bellShows(this.process)
      if (bells.length === 0) await Promise.race([this.world.clock.wait(waitMs), shows])
    }
  }

  async #register(): Promise<boolean> {
    const ask: RegisterAsk = { ...this.#named(), generation: this.simulation.generation, concurrency }
    try {
      this.isRegistered = (await registerInstance(this.world, { ...ask, launch: this.launch })) !== undefined
    } catch {
      return false
    }
    return this.isRegistered
  }

  async #receive(): Promise<readonly ReceivedBell[]> {
    try {
      this.#isPaused = (await readFleet(this.world, worker))?.fleet.paused !== undefined
      const max = concurrency - this.#busySlots
      return await this.world.queue.receive({ worker, max, holdMs: bellHoldMs(leaseSecondsMost), waitMs: 0 })
    } catch {
      return []
    }
  }

  #take(received: ReceivedBell): void {
    this.#busySlots++
    this.#work(received)
      .catch((error: unknown) => this.simulation.say(this.process, () => `run broke off: ${String(error)}`))
      .finally(() => {
        this.#busySlots--
      })
  }

  async #work(received: ReceivedBell): Promise<void> {
    const { world, simulation } = this
    const sentMs = world.clock.monotonicMs()
    const run = world.ids.next()
    const holdMs = bellHoldMs(leaseSecondsMost)
    const accepts = () => !this.#isPaused
    const outcome = await claim(world, { received, holdMs, instance: this.process.name, run, accepts })
    const { bell, receipt } = received
    const leftMs = received.heldUntilMs - world.clock.monotonicMs()
    simulation.say(this.process, () => `claim ${bell.taskId.slice(-4)} v${bell.n}: ${outcome.kind}`)
    simulation.note(`claim:${outcome.kind}`)
    switch (outcome.kind) {
      case 'run':
        return this.#carryOut(received, { head: outcome.head, run, sentMs })
      case 'hide': {
        const dropsIt = simulation.mutations.dropsAhead === true && !simulation.hasHead(bell.taskId)
        if (dropsIt) return world.queue.done(worker, receipt)
        return leftMs < 5_000 ? undefined : world.queue.extend(worker, receipt, outcome.ms)
      }
      case 'drop':
        return leftMs < 5_000 ? undefined : world.queue.done(worker, receipt)
      case 'leave':
        return undefined
      default:
        return outcome satisfies never
    }
  }

  async #carryOut(received: ReceivedBell, claimed: Pick<Owned, 'head' | 'run' | 'sentMs'>): Promise<void> {
    const replay = await readReplay(this.world, claimed.head)
    return new Owner(this, { received, replay, ...claimed }).carryOut()
  }

  async #leave(): Promise<void> {
    const named = { id: this.process.name, worker, generation: this.simulation.generation, concurrency }
    const now = this.world.clock.now()
    try {
      await putInstance(this.world, { ...named, freeSlots: 0, state: 'leaving', startedAt: now, seenAt: now })
      const last = await this.#receive()
      for (const bell of last) await this.#work(bell)
      await deleteInstance(this.world, worker, this.process.name)
    } catch {
      // The clock forgets it after a while.
    }
    this.#exit()
  }

  #exit(): void {
    this.process.alive = false
    this.simulation.gone(this)
  }

  #named(): { readonly instance: string; readonly worker: string } {
    return { instance: this.process.name, worker }
  }
}
