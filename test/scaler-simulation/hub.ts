import { shardOf } from '#core/keys'
import type { Change, Launcher } from '#core/ports'
import { createSight, type Sight } from '#core/sight'
import type { World } from '#core/world'
import { hearStop } from '#functions/clock/stopped'
import { tick } from '#functions/clock/tick'
import { createWorkBatch, type StreamRecord, type WorkBatch } from '#functions/reactor/stream-batch'
import { createProcess } from '../simulation/schedule.ts'
import type { Container, Ending } from './fargate.ts'
import { worker } from './region.ts'
import type { Site } from './site.ts'

/** The hub's part: a reactor for each shard of the stream, the clock, and what is told of containers that stopped. */

const shards = 4
const batchMost = 100
const tickEveryMs = 60_000
const functionMs = 60_000
const hubName = 'sim'
/** How often the account tells the same again. */
const stopTwice = 0.1
const batchTwice = 0.02

interface TableRecord extends StreamRecord {
  readonly change: Change
}

export class Hub {
  readonly process = createProcess('hub')
  readonly #site: Site
  readonly #launcher: Launcher
  readonly #clockWorld: World
  readonly #sight: Sight
  readonly #workBatch: WorkBatch<TableRecord>
  readonly #shards = Array.from({ length: shards }, (): TableRecord[] => [])
  readonly #isReading = new Set<number>()

  constructor(site: Site) {
    const { region, fargate, planted } = site
    this.#site = site
    const launcher = fargate.launcherOf(this.process)
    this.#launcher = planted.launcher?.(launcher) ?? launcher
    const world = region.worldOf(this.process, 'reactor')
    this.#workBatch = createWorkBatch<TableRecord>({
      world,
      launcher: this.#launcher,
      changeOf: ({ change }) => ({ kind: 'change', change: planted.tells?.(change) ?? change }),
      attention: async ({ message, detail }) => site.fail(`${message}: ${JSON.stringify(detail)}`),
    })
    const clockWorld = region.worldOf(this.process, 'clock')
    this.#sight = createSight(clockWorld.store, clockWorld.clock)
    this.#clockWorld = { ...clockWorld, seesSince: this.#sight.seesSince }
  }

  start(): void {
    const { schedule, random } = this.#site
    schedule.at(random.int(0, tickEveryMs), this.process, () => this.#site.go(this.#tick()))
  }

  /** Heads only, as the event filter has it. All changes of a task come through one shard, in order. */
  told(change: Change): void {
    if (change.sk !== 'HEAD') return
    const shard = shardOf(change.pk, shards)
    this.#shards[shard]?.push({ change })
    if (this.#isReading.has(shard)) return
    this.#isReading.add(shard)
    this.#site.go(this.#read(shard))
  }

  /** ECS tells of a stop a little later, now and then twice. */
  stopped({ launch, generation }: Container, { exitCode, stopCode }: Ending): void {
    const { schedule, random, region } = this.#site
    const stoppedAt = new Date(region.now()).toISOString()
    const detail = {
      taskArn: launch,
      lastStatus: 'STOPPED',
      group: worker,
      startedBy: `taskurai/${hubName}/${generation}`,
      stopCode: stopCode ?? 'EssentialContainerExited',
      stoppedAt,
      containers: [{ name: 'worker', exitCode }],
    }
    const hear = async () => {
      const heard = await hearStop(this.#clockWorld, this.#launcher, { time: stoppedAt, detail }, { hub: hubName })
      if (heard.kind !== 'heard') this.#site.fail(`the stop of ${launch} was ignored`)
    }
    for (let times = random.is(stopTwice) ? 2 : 1; times > 0; times--) {
      schedule.at(random.int(1_000, 4_000), this.process, () => this.#site.go(hear()))
    }
  }

  async #read(shard: number): Promise<void> {
    const { region, random, schedule, planted } = this.#site
    const { clock } = region.worldOf(this.process, 'reactor')
    const records = this.#shards[shard] ?? []
    while (records.length > 0) {
      await clock.wait(random.int(100, 500))
      const batch = records.splice(0, batchMost)
      this.#site.onBatch(batch.map(({ change }) => change))
      const startedMs = schedule.nowMs
      const remainingMs = () => (planted.forgetsSkipped === true ? 0 : startedMs + functionMs - schedule.nowMs)
      for (let times = random.is(batchTwice) ? 2 : 1; times > 0; times--) await this.#workBatch(batch, remainingMs)
    }
    this.#isReading.delete(shard)
  }

  async #tick(): Promise<void> {
    const { schedule } = this.#site
    schedule.at(tickEveryMs, this.process, () => this.#site.go(this.#tick()))
    const startedMs = schedule.nowMs
    await tick({
      world: this.#clockWorld,
      launcher: this.#launcher,
      sight: this.#sight,
      tell: () => undefined,
      remainingMs: () => startedMs + functionMs - schedule.nowMs,
    })
  }
}
