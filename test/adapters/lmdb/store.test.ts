import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type LmdbStore, openLmdbStore } from '#adapters/lmdb/store'
import { systemClock } from '#adapters/system/clock'
import { createSystemIds } from '#adapters/system/ids'
import { headKey } from '#core/keys'
import { headOf } from '#core/layout'
import { cancelTask, patchTask, removeTask, retryTask } from '#core/tasks/change'
import { claim } from '#core/tasks/claim'
import { createTask } from '#core/tasks/create'
import { endRun } from '#core/tasks/end-run'
import { renewRun } from '#core/tasks/renew'
import type { World } from '#core/world'

const folders: string[] = []
const stores: LmdbStore[] = []

afterEach(async () => {
  for (const store of stores.splice(0)) await store.close()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

function freshFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'taskurai-store-'))
  folders.push(folder)
  return join(folder, 'store.mdb')
}

function openAt(path: string, logBytesMost?: number): { store: LmdbStore; world: World } {
  const log = logBytesMost === undefined ? {} : { logBytesMost }
  const store = openLmdbStore({ path, pageBytes: 4_096, durability: 'power', clock: systemClock, ...log })
  stores.push(store)
  const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }
  const world: World = {
    store: store.store,
    queue: store.queue,
    clock: systemClock,
    ids: createSystemIds(),
    chance: () => 0.5,
    log: silent,
    directoryShards: 1,
    seesSince: () => 0,
  }
  return { store, world }
}

const command = { worker: 'w', name: 'noop', version: 1 }

async function create(world: World, more: Record<string, unknown> = {}): Promise<string> {
  const id = world.ids.next()
  const args = { text: 'Zoë — 東京', nothing: null, list: [1, { deep: true }] }
  const task = { command: 'noop', arguments: args, subject: 'one', ...more }
  const outcome = await createTask(world, { task, command, by: 'test', id, argumentsBytes: 60 })
  expect(outcome.kind).toBe('created')
  return id
}

async function claimNext(world: World): Promise<{ taskId: string; run: string; receipt: string } | undefined> {
  const [received] = await world.queue.receive({ worker: 'w', max: 1, holdMs: 70_000, waitMs: 0 })
  if (received === undefined) return undefined
  const run = world.ids.token()
  const outcome = await claim(world, { received, holdMs: 70_000, instance: 'i-1', run, accepts: () => true })
  if (outcome.kind !== 'run') {
    if (outcome.kind === 'drop') await world.queue.done('w', received.receipt)
    return undefined
  }
  return { taskId: outcome.head.id, run, receipt: received.receipt }
}

const failure = { code: 'boom', message: 'it broke', retryable: true }

/** All that a reader can see of these tasks, as JSON has it. */
async function seen(store: LmdbStore, ids: readonly string[]): Promise<unknown> {
  const heads = await Promise.all(ids.map(async (id) => (await store.store.get(headKey(id)))?.data ?? null))
  const due = await store.store.due({ until: Number.MAX_SAFE_INTEGER, limit: 1_000 })
  const open = [...store.openTasks()].map((item) => headOf(item).id).sort()
  return JSON.parse(JSON.stringify({ heads, due: [...due].sort((a, b) => (a.pk < b.pk ? -1 : 1)), open }))
}

describe('the LMDB store', () => {
  it('has what it accepted after it was opened again, bells included', async () => {
    const path = freshFile()
    const { store, world } = openAt(path)
    const queued = await create(world)
    const later = await create(world, { startAfter: { seconds: 3_600 } })
    const soon = await create(world, { startAfter: { seconds: 60 } })
    const before = await seen(store, [queued, later, soon])
    await store.close()
    stores.pop()

    const again = openAt(path)
    expect(await seen(again.store, [queued, later, soon])).toEqual(before)
    expect(await again.world.queue.depth('w')).toEqual({ visible: 1, delayed: 1, held: 0 })
    expect((await claimNext(again.world))?.taskId).toBe(queued)
  })

  it('keeps the bell of a run that was not renewed, hidden for one more lease', async () => {
    const path = freshFile()
    const { store, world } = openAt(path)
    await create(world)
    await claimNext(world)
    await store.close()
    stores.pop()
    const again = openAt(path)
    expect(await again.world.queue.depth('w')).toEqual({ visible: 0, delayed: 0, held: 1 })
  })

  it('stands the same after a crash at any moment, whatever part of it a checkpoint had reached', async () => {
    const path = freshFile()
    // A log this small is cut all the time.
    const { store, world } = openAt(path, 4_000)
    const ids: string[] = []
    let random = 7
    const next = (below: number) => {
      random = (random * 48_271) % 2_147_483_647
      return random % below
    }
    for (let round = 0; round < 400; round++) {
      const id = ids[next(Math.max(1, ids.length))]
      const kind = next(10)
      if (kind < 4 || id === undefined)
        ids.push(await create(world, kind === 3 ? { startAfter: { seconds: 3_600 } } : {}))
      else if (kind < 7) {
        const run = await claimNext(world)
        if (run !== undefined && kind === 5)
          await renewRun(world, { ...run, nonce: String(round), progress: { percent: 50 } })
        if (run !== undefined && next(3) > 0) {
          const end =
            next(2) === 0
              ? ({ kind: 'succeed', result: { output: round } } as const)
              : ({ kind: 'fail', error: failure } as const)
          await endRun(world, { ...run, end })
        }
      } else if (kind === 7) await cancelTask(world, { taskId: id, by: 'test' })
      else if (kind === 8) await (next(2) === 0 ? retryTask(world, { taskId: id, by: 'test' }) : removeTask(world, id))
      else await patchTask(world, { taskId: id, by: 'test', fields: { subject: `now ${round}` } })

      if (round % 20 !== 0) continue
      const copy = freshFile()
      copyFileSync(path, copy)
      const crashed = openAt(copy)
      expect(await seen(crashed.store, ids)).toEqual(await seen(store, ids))
      await crashed.store.close()
      stores.pop()
    }
    expect(ids.length).toBeGreaterThan(100)
  })

  it('tells a reader that comes later of every task, with the items as they stand', async () => {
    const path = freshFile()
    const { store, world } = openAt(path)
    const id = await create(world)
    await claimNext(world)
    await store.close()
    stores.pop()
    const again = openAt(path)
    const { changes, cursor } = await again.store.feed.read(undefined, 100)
    expect(changes.map((change) => change.pk)).toEqual([`T#${id}`, `T#${id}`])
    expect(changes[0]?.after?.n).toBe(2)
    expect((await again.store.feed.read(cursor, 100)).changes).toEqual([])
  })

  it('removes what has passed its retention, and not the task that was started again meanwhile', async () => {
    const { store, world } = openAt(freshFile())
    const gone = await create(world, { retentionSeconds: 60 })
    const kept = await create(world, { retentionSeconds: 60 })
    await cancelTask(world, { taskId: gone, by: 'test' })
    await cancelTask(world, { taskId: kept, by: 'test' })
    await retryTask(world, { taskId: kept, by: 'test' })
    // A sweep looks at what a checkpoint has put down, which comes a moment after the end of a task.
    let removed = 0
    await vi.waitFor(async () => {
      removed += await store.sweep(Date.now() + 61_000)
      expect(removed).toBe(1)
    })
    expect(await store.sweep(Date.now() + 61_000)).toBe(0)
    expect(await store.store.get(headKey(gone))).toBeUndefined()
    expect(headOf((await store.store.get(headKey(kept))) ?? expect.fail('kept')).status).toBe('queued')
  })

  it('lets exactly one of many writers of one version win, and tells the others what stands', async () => {
    const { store, world } = openAt(freshFile())
    const id = await create(world)
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => cancelTask(world, { taskId: id, by: 'test' })))
    expect(outcomes.filter(({ kind }) => kind === 'moved')).toHaveLength(1)
    expect(headOf((await store.store.get(headKey(id))) ?? expect.fail('absent')).status).toBe('canceled')
  })
})
