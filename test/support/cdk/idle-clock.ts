/** What the clock of a hub asks of AWS while nothing happens: counted on the code that runs there, minute by minute. */
import { toAttributes } from '#adapters/dynamodb/attributes'
import { itemBytes, readUnits, writeUnits } from '#adapters/dynamodb/units'
import type { Manifest } from '#core/contract/manifest'
import type { Item, Launcher, Queue, Store } from '#core/ports'
import { createSight } from '#core/sight'
import { putWorker } from '#core/workers/put-worker'
import { tick } from '#functions/clock/tick'
import { createMemoryWorld } from '../memory-world.ts'

export interface IdleUse {
  readonly readUnits: number
  readonly writeUnits: number
  /** Of the index, half a unit a shard each time. */
  readonly dueReads: number
  readonly queueLooks: number
  readonly launches: number
  readonly metrics: number
}

const minuteMs = 60_000
/** After so many a hub has come to rest: its queues have been seen to be empty. */
const minutesToRest = 30
/** Some of what the clock looks at it looks at every five minutes, so an hour holds all of it. */
const minutesCounted = 60

/** On the average of a minute. */
export async function idleMinute(options: {
  readonly workers: readonly Manifest[]
  readonly directoryShards: number
  readonly dueShards: number
}): Promise<IdleUse> {
  const { workers, directoryShards, dueShards } = options
  const world = createMemoryWorld({ directoryShards })
  for (const manifest of workers) await putWorker(world, { manifest, launch: aLaunch, by: 'deploy' })
  const counts = { readUnits: 0, writeUnits: 0, dueReads: 0, queueLooks: 0, launches: 0, metrics: 0 }
  const store = countingStore(world.store, counts, dueShards)
  const queue: Queue = {
    ...world.queue,
    depth: (worker) => {
      counts.queueLooks++
      return world.queue.depth(worker)
    },
  }
  const launcher: Launcher = {
    launch: async () => {
      counts.launches++
      return { kind: 'launched', launches: [], refused: [] }
    },
  }
  const sight = createSight(store, world.clock)
  const parts = { world: { ...world, store, queue, seesSince: sight.seesSince }, launcher, sight }
  for (let minute = 0; minute < minutesToRest + minutesCounted; minute++) {
    if (minute === minutesToRest) for (const name of Object.keys(counts)) counts[name as keyof IdleUse] = 0
    await world.clock.advance(minuteMs)
    await tick({ ...parts, tell: () => void counts.metrics++, remainingMs: () => minuteMs })
  }
  const means = Object.entries(counts).map(([name, count]) => [name, count / minutesCounted])
  return Object.fromEntries(means) as IdleUse
}

const aLaunch = {
  kind: 'ecs',
  cluster: 'taskurai-main',
  taskDefinition: 'arn:aws:ecs:eu-central-1:111122223333:task-definition/main-worker:7',
  container: 'worker',
  subnets: ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'],
  securityGroups: ['sg-0123456789abcdef0'],
  assignPublicIp: true,
  capacity: 'on-demand',
}

function countingStore(store: Store, counts: { -readonly [Key in keyof IdleUse]: number }, dueShards: number): Store {
  const bytesOf = (item: Item | undefined) => (item === undefined ? 0 : itemBytes(toAttributes(item, dueShards)))
  return {
    ...store,
    get: async (key) => {
      const item = await store.get(key)
      counts.readUnits += readUnits(bytesOf(item), true)
      return item
    },
    list: async (range) => {
      const page = await store.list(range)
      counts.readUnits += readUnits(
        page.items.reduce((sum, item) => sum + bytesOf(item), 0),
        true,
      )
      return page
    },
    due: async (range) => {
      counts.dueReads += dueShards * readUnits(0, false)
      return store.due(range)
    },
    commit: async (commit) => {
      const outcome = await store.commit(commit)
      for (const write of [...(commit.before ?? []), commit.write]) {
        counts.writeUnits += writeUnits(write.kind === 'put' ? { after: toAttributes(write.item, dueShards) } : {})
      }
      return outcome
    },
  }
}
