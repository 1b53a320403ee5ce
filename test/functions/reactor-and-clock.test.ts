import { describe, expect, it } from 'vitest'
import { Manifest } from '#core/contract/manifest'
import type { Launcher } from '#core/ports'
import { cancelTask } from '#core/tasks/change'
import { readInstances } from '#core/workers/fleet'
import { registerInstance } from '#core/workers/instances'
import { putWorker } from '#core/workers/put-worker'
import { tickMinute } from '#functions/clock/clock'
import { react } from '#functions/reactor/reactor'
import { created, register } from '../core/tasks/fixtures.ts'
import { createMemoryWorld } from '../support/memory-world.ts'

describe('react', () => {
  it('nudges the scaler once a worker, by what is freshly queued and may start', async () => {
    const world = createMemoryWorld()
    await created(world)
    await created(world)
    await created(world, { task: { startAfter: { seconds: 60 } } })
    const nudges: unknown[] = []
    await react(world, { nudgeScaler: (...nudge) => nudges.push(nudge) }, world.memory.table.changes)
    expect(nudges).toEqual([['mill', 2]])
    await world.clock.advance(60_000)
    nudges.length = 0
    await react(world, { nudgeScaler: (...nudge) => nudges.push(nudge) }, world.memory.table.changes)
    expect(nudges).toEqual([])
  })

  it('an old batch again after newer ones changes nothing, and one that failed is simply read again', async () => {
    const world = createMemoryWorld()
    const { id } = await created(world)
    await cancelTask(world, { taskId: id, by: 'ann' })
    const batch = [...world.memory.table.changes]
    const effects = { nudgeScaler: () => undefined }
    world.upsets.push('before')
    await expect(react(world, effects, batch)).rejects.toThrow('away')
    await react(world, effects, batch)
    const rows = () => [...world.memory.table.all()].filter((item) => item.pk.startsWith('D#'))
    const before = rows()
    await react(world, effects, batch.slice(0, 1))
    expect(rows()).toMatchObject(before)
    expect(before).toHaveLength(1)
  })
})

describe('tickMinute', () => {
  it('a worker whose launcher throws does not keep the clock from the others', async () => {
    const world = createMemoryWorld()
    await register(world)
    for (const name of ['aaa', 'zzz']) {
      const manifest = Manifest.parse({ name, commands: [{ name: `${name}.do` }], scaling: { min: 1, max: 1 } })
      await putWorker(world, { manifest, launch: {}, by: 'ann' })
    }
    const asked: string[] = []
    const launcher: Launcher = {
      launch: ({ worker }) => {
        asked.push(worker)
        return Promise.reject(new Error('no such image'))
      },
    }
    await tickMinute(world, launcher)
    expect(asked.sort()).toEqual(['aaa', 'zzz'])
    expect(world.logged.filter((event) => event === 'clock.worker-failed')).toHaveLength(2)
  })

  it('forgets an instance that has been silent', async () => {
    const world = createMemoryWorld()
    await register(world)
    await registerInstance(world, { instance: 'i1', worker: 'mill', generation: 'g', concurrency: 1 })
    const launcher: Launcher = { launch: async () => ({ kind: 'launched', launches: [], refused: [] }) }
    await world.clock.advance(240_000)
    await tickMinute(world, launcher)
    expect(await readInstances(world, 'mill')).toHaveLength(1)
    await world.clock.advance(1)
    await tickMinute(world, launcher)
    expect(await readInstances(world, 'mill')).toEqual([])
  })
})
