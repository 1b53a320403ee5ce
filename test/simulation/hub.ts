import type { Launcher } from '#core/ports'
import { loseRun } from '#core/tasks/renew'
import { instanceStopped } from '#core/workers/instances'
import { scaleWorker } from '#core/workers/scale-worker'
import type { World } from '#core/world'
import { tickDue, tickMinute } from '#functions/clock/clock'
import { react } from '#functions/reactor/reactor'
import { pause } from './network.ts'
import { createProcess, type Process } from './schedule.ts'
import { type Simulation, worker } from './simulation.ts'

/** The hub: API, reactor and clock in one process, which can crash as a whole and starts again with no memory. */

const tickEveryMs = 60_000
const blindAfterMs = 180_000
const quietTickMs = 1_200_000
const batchMost = 20

export class Hub {
  readonly process: Process
  readonly world: World
  readonly #simulation: Simulation
  #sawAt: number
  #since: number
  #drift: number

  constructor(simulation: Simulation, name: string) {
    this.#simulation = simulation
    this.process = createProcess(name, { skewMs: simulation.random.int(-500, 500) })
    this.world = simulation.worldOf(this.process)
    this.#since = this.world.clock.now()
    this.#sawAt = this.#since
    this.#drift = this.#wallMinusMono()
  }

  start(): void {
    const giveUp = (error: unknown) => this.#simulation.fail(`the hub's loop ended: ${String(error)}`)
    this.#clockLoop().catch(giveUp)
    this.#reactorLoop().catch(giveUp)
  }

  /** Protocol 15: a start, a missed tick and a sleep begin the watch anew. */
  seesSince(): number {
    const now = this.world.clock.now()
    const hasSlept = Math.abs(this.#wallMinusMono() - this.#drift) > 1_000
    if (now - this.#sawAt > blindAfterMs || hasSlept) {
      this.#since = now
      this.#sawAt = now
      this.#drift = this.#wallMinusMono()
    }
    return this.#since
  }

  async #clockLoop(): Promise<void> {
    const { random, network, cloud, schedule } = this.#simulation
    let tickedMs = 0
    for (;;) {
      await pause(network, this.process, tickEveryMs)
      const isAnyDue = cloud.table.due(this.world.clock.now(), 1).length > 0
      if (!isAnyDue && this.#simulation.isQuiet() && schedule.nowMs - tickedMs < quietTickMs) continue
      tickedMs = schedule.nowMs
      if (!random.is(network.faults.tickSkipped)) await this.tick()
    }
  }

  async tick(): Promise<void> {
    this.seesSince()
    this.#sawAt = this.world.clock.now()
    try {
      await tickDue(this.world)
      await tickMinute(this.world, this.#launcher(), { feedLagMs: () => this.#simulation.feedLagMs() })
    } catch (error) {
      this.#simulation.say(this.process, () => `tick failed: ${String(error)}`)
    }
  }

  /** At least once, sometimes late, sometimes an old batch again after newer ones. */
  async #reactorLoop(): Promise<void> {
    const simulation = this.#simulation
    const { random, network, feedState, cloud } = simulation
    for (;;) {
      const { changes } = cloud.table
      if (feedState.cursor === changes.length) await simulation.feedGrows(this.process)
      await pause(network, this.process, random.pick([5, 50, 200, 3_000]))
      const again = random.is(network.faults.batchAgain)
      const from = again ? random.int(0, feedState.cursor) : feedState.cursor
      const batch = changes.slice(from, from + random.int(1, batchMost))
      const told = batch.filter((change) => simulation.mutations.feed?.(change) ?? true)
      try {
        await react(this.world, { nudgeScaler: (_, queued) => this.#nudge(queued) }, told)
        if (!again) feedState.cursor = from + batch.length
      } catch (error) {
        simulation.say(this.process, () => `batch failed: ${String(error)}`)
      }
    }
  }

  #nudge(recordBells: number): void {
    const again = async () => {
      const scaled = await scaleWorker(this.world, this.#launcher(), { worker, recordBells })
      if (scaled.kind !== 'later') return
      await pause(this.#simulation.network, this.process, scaled.ms)
      await scaleWorker(this.world, this.#launcher(), { worker, recordBells: 0 })
    }
    again().catch((error: unknown) => this.#simulation.say(this.process, () => `scaler failed: ${String(error)}`))
  }

  /** The stop of an instance is told some time later; what it held is known to be lost. */
  async instanceGone(instance: string, launch: string, ready: boolean): Promise<void> {
    await instanceStopped(this.world, { worker, instance, launch, ready, reason: 'killed' })
    for (const head of this.#simulation.heads()) {
      if (head.run?.instance !== instance) continue
      await loseRun(this.world, { taskId: head.id, run: head.run.id, why: 'its instance was killed' })
    }
  }

  #launcher(): Launcher {
    return { launch: (decision) => this.#simulation.launch(this.process, decision.token, decision.count) }
  }

  #wallMinusMono(): number {
    return this.world.clock.now() - this.world.clock.monotonicMs()
  }
}
