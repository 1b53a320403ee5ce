import { createHash } from 'node:crypto'
import { createMemoryBlobs } from '#adapters/memory/blobs'
import type { Memory } from '#adapters/memory/store'
import { createMemory } from '#adapters/memory/store'
import type { Commit, CommitOutcome } from '#core/ports'
import type { World } from '#core/world'
import { createIds } from './seeded-ids.ts'
import { VirtualClock } from './virtual-clock.ts'

/** A world of a test's own: memory, a clock that obeys, ids and chance that repeat, and calls that can be made to fail. */
export interface MemoryWorld extends World {
  readonly clock: VirtualClock
  readonly memory: Memory
  readonly blobs: ReturnType<typeof createMemoryBlobs>
  readonly logged: string[]
  /** What the next commits do instead: fail before the effect, or lose the answer after it. */
  readonly upsets: ('before' | 'after' | undefined)[]
  seesFrom: number
}

export interface MemoryWorldOptions {
  readonly chance?: () => number
  readonly directoryShards?: number
}

export function createMemoryWorld(options: MemoryWorldOptions = {}): MemoryWorld {
  const clock = new VirtualClock()
  const memory = createMemory(clock)
  const upsets: ('before' | 'after' | undefined)[] = []
  const logged: string[] = []
  const log = (event: string) => void logged.push(event)
  const commit = async (ask: Commit): Promise<CommitOutcome> => {
    const upset = upsets.shift()
    if (upset === 'before') throw new Error('the store is away')
    const outcome = await memory.store.commit(ask)
    if (upset === 'after') throw new Error('the answer was lost')
    return outcome
  }
  const world: MemoryWorld = {
    memory,
    clock,
    logged,
    upsets,
    seesFrom: 0,
    store: { ...memory.store, commit },
    queue: memory.queue,
    blobs: createMemoryBlobs((bytes) => createHash('sha256').update(bytes).digest('hex')),
    ids: createIds(() => 0.5),
    chance: options.chance ?? (() => 0.5),
    log: { info: log, warn: log, error: log },
    directoryShards: options.directoryShards ?? 1,
    seesSince: () => world.seesFrom,
  }
  return world
}
