import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLmdbStore } from '#adapters/lmdb/store'
import { createMemory } from '#adapters/memory/store'
import { VirtualClock } from '../support/virtual-clock.ts'
import type { StoreWorld } from './world.ts'

/** The stores that conform, each in a world of its own. */

export async function makeMemoryWorld(): Promise<StoreWorld> {
  const clock = new VirtualClock()
  const { store, queue, feed } = createMemory(clock)
  const close = async () => undefined
  return { store, queue, feed, close, advance: (ms) => clock.advance(ms), now: clock.now }
}

export async function makeLmdbWorld(): Promise<StoreWorld> {
  const clock = new VirtualClock()
  const folder = mkdtempSync(join(tmpdir(), 'taskurai-conformance-'))
  const path = join(folder, 'store.mdb')
  const { store, queue, feed, close } = openLmdbStore({ clock, path, pageBytes: 4_096, durability: 'process' })
  return {
    store,
    queue,
    feed,
    close: async () => {
      await close()
      rmSync(folder, { recursive: true })
    },
    advance: (ms) => clock.advance(ms),
    now: clock.now,
  }
}
