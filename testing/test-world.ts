import { createMemory } from '#adapters/memory/store'
import type { MemoryTable } from '#adapters/memory/table'
import { createSystemIds } from '#adapters/system/ids'
import { followFlows } from '#core/flow/follow'
import type { Head } from '#core/head'
import { headSk, isTaskPk } from '#core/keys'
import { headOf } from '#core/layout'
import type { World } from '#core/world'
import type { TestTime } from './time.ts'

/**
 * The world of a hub, for one test: its tables in memory, its clock the test's, and ids that are the same each time. What
 * core makes of tasks, steps, waits, signals and sub tasks is what it makes of them on any hub.
 */
export interface TestWorld extends World {
  readonly table: MemoryTable
  /** Works off what follows from all changes until nothing more does, and tells how heads have changed meanwhile. */
  readonly follow: () => Promise<readonly HeadChange[]>
}

export interface HeadChange {
  readonly before: Head | undefined
  readonly after: Head
}

export interface TestWorldOptions {
  readonly time: TestTime
  readonly chance: () => number
}

/** Ends of sub tasks wake parents, which end and tell others: no deeper than trees are. */
const roundsMost = 1_000

export function createTestWorld({ time, chance }: TestWorldOptions): TestWorld {
  const now = () => time.now().getTime()
  const clock = { now, monotonicMs: now, wait: async () => {} }
  const { store, queue, table } = createMemory(clock, { inlineBytes: Number.POSITIVE_INFINITY })
  const nothing = () => {}
  let tokens = 0
  let seen = 0
  const world: World = {
    ...{ store, queue, clock, chance },
    // A birth is part of the ids of sub tasks.
    ids: { ...createSystemIds(), token: () => `token${tokens++}` },
    log: { info: nothing, warn: nothing, error: nothing },
    directoryShards: 1,
    seesSince: () => 0,
  }
  const follow = async () => {
    const changed: HeadChange[] = []
    for (let rounds = 0; rounds < roundsMost; rounds++) {
      const changes = table.changes.slice(seen)
      if (changes.length === 0) return changed
      seen += changes.length
      for (const { pk, sk, before, after } of changes) {
        if (sk !== headSk || !isTaskPk(pk) || after === undefined) continue
        changed.push({ before: before === undefined ? undefined : headOf(before), after: headOf(after) })
      }
      await followFlows(world, changes)
    }
    throw new Error('what follows from a change goes in circles')
  }
  return { ...world, table, follow }
}
