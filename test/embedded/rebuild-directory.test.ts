import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '#adapters/system/clock'
import { createSystemIds } from '#adapters/system/ids'
import { cancelTask } from '#core/tasks/change'
import { createTask } from '#core/tasks/create'
import type { TaskFilter } from '#core/tasks/dimensions'
import { listTasks } from '#core/tasks/list'
import type { World } from '#core/world'
import { lockFolder } from '#embedded/lock'
import { openStore } from '#embedded/open-store'
import { rebuildFolder } from '#embedded/rebuild-directory'
import { createMemoryWorld } from '../support/memory-world.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'taskurai-rebuild-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** A hub's store, opened for a moment. */
async function withStore<T>(use: (world: World) => Promise<T>): Promise<T> {
  const opened = await openStore(folder, { durability: 'process', clock: systemClock })
  if (opened.kind === 'refused') throw new Error(opened.message)
  const { store, queue, close } = opened.store
  const memory = createMemoryWorld()
  try {
    return await use({ ...memory, store, queue, clock: systemClock, ids: createSystemIds() })
  } finally {
    await close()
  }
}

/** Tasks whose rows nobody has written; every third has ended. */
function fill(count: number): Promise<readonly string[]> {
  return withStore(async (world) => {
    const ids: string[] = []
    for (let from = 0; from < count; from += 100) {
      const some = Array.from({ length: Math.min(100, count - from) }, () => world.ids.next())
      await Promise.all(
        some.map(async (id, index) => {
          const task = { command: 'mill.grind', accountId: 'a-1', tags: { desk: 'two' } }
          const command = { worker: 'mill', name: 'mill.grind', version: 1 }
          await createTask(world, { task, command, by: 'ann', id, argumentsBytes: 2 })
          if (index % 3 === 0) await cancelTask(world, { taskId: id, by: 'ann' })
        }),
      )
      ids.push(...some)
    }
    return ids
  })
}

const found = (filter: TaskFilter) =>
  withStore(async (world) => {
    const ids: string[] = []
    let before: string | undefined
    do {
      const page = await listTasks(world, { filter, from: 0, to: Date.now() + 1, limit: 100, before })
      ids.push(...page.heads.map(({ id }) => id))
      before = page.next
    } while (before !== undefined)
    return ids.sort()
  })

describe('directory rebuild of a folder', () => {
  it('writes all rows anew, of open tasks and of ended ones, however often', async () => {
    const ids = await fill(2_500)
    expect(await found({ accountId: 'a-1' })).toEqual([])
    const told: number[] = []
    const once = await rebuildFolder({ dataFolder: folder, onProgress: ({ tasks }) => told.push(tasks) })
    expect(once).toEqual({ kind: 'rebuilt', progress: { tasks: 2_500, rows: 7_500 } })
    expect(told.length).toBeGreaterThan(2)
    for (const filter of [{ accountId: 'a-1' }, { tags: ['desk:two'] }, { command: 'mill.grind' }]) {
      expect(await found(filter)).toEqual(ids.toSorted())
    }
    expect(await rebuildFolder({ dataFolder: folder })).toEqual(once)
    expect(await found({ accountId: 'a-1', status: 'queued' })).toHaveLength(ids.length - 850)
  }, 60_000)

  it('refuses a folder that a hub has, and says which', async () => {
    await fill(1)
    const lock = await lockFolder(folder)
    if (!lock.ok) throw new Error(lock.message)
    const refused = await rebuildFolder({ dataFolder: folder })
    expect(refused).toMatchObject({ kind: 'refused' })
    expect(refused.kind === 'refused' && refused.message).toMatch(/another hub \(pid \d+\) already uses .*: stop it/)
    await lock.release()
    expect(await rebuildFolder({ dataFolder: folder })).toMatchObject({ kind: 'rebuilt' })
  })

  it('refuses a folder in which there never was a hub, and leaves it so', async () => {
    const refused = { kind: 'refused', message: expect.stringContaining('no hub has ever run in') }
    expect(await rebuildFolder({ dataFolder: folder })).toEqual(refused)
    expect(await rebuildFolder({ dataFolder: folder })).toEqual(refused)
    const missing = await rebuildFolder({ dataFolder: join(folder, 'nowhere') })
    expect(missing).toMatchObject({ kind: 'refused', message: expect.stringContaining('there is no folder') })
  })
})
