import { describe, expect, it } from 'vitest'
import type { Launcher } from '#core/ports'
import { auditCommand } from '#core/tasks/audit'
import { renewRun } from '#core/tasks/renew'
import { tickDue, tickMinute } from '#functions/clock/clock'
import { createMemoryWorld, type MemoryWorld } from '../../support/memory-world.ts'
import { created, reacted, register, running, standing } from './fixtures.ts'

const hour = 3_600_000
const minute = 60_000
const noLauncher: Launcher = { launch: async () => ({ kind: 'launched', launches: [], refused: [] }) }

async function audited(world: MemoryWorld): Promise<number> {
  await reacted(world)
  return auditCommand(world, 'mill.grind')
}

describe('the audit (protocol 11)', () => {
  it('looks at each task once, when it turns an hour old', async () => {
    const world = createMemoryWorld()
    const { id } = await created(world)
    await world.clock.advance(hour - 1)
    expect(await audited(world)).toBe(0)
    await world.clock.advance(2)
    expect(await audited(world)).toBe(1)
    expect((await standing(world, id)).due).toBe(world.clock.now())
    expect(await audited(world)).toBe(0)
  })

  it('at those of every shard, in one go', async () => {
    const world = createMemoryWorld({ directoryShards: 4 })
    for (let count = 0; count < 30; count++) await created(world)
    await world.clock.advance(hour + 1)
    expect(await audited(world)).toBe(30)
    expect(await audited(world)).toBe(0)
  })

  it('also at one that was created long before the first audit ran', async () => {
    const world = createMemoryWorld()
    const { id } = await created(world)
    await world.clock.advance(50 * hour)
    expect(await audited(world)).toBe(1)
    expect((await standing(world, id)).due).toBeDefined()
  })

  it('at a young run too, whose bell may be gone when it is handed back', async () => {
    const world = createMemoryWorld()
    await world.clock.advance(1)
    const { head } = await running(world, { task: { leaseSeconds: 3_600 } })
    await world.clock.advance(hour + 1)
    await audited(world)
    expect((await standing(world, head.id)).due).toBe((head.run?.leaseUntil ?? 0) + 10_000)
  })

  it('not at one that the index guards, unless only a far start window put it there', async () => {
    const world = createMemoryWorld()
    const { head } = await running(world)
    await renewRun(world, { taskId: head.id, run: 'run1', nonce: '1' })
    const far = await created(world, { task: { notStartAfter: { seconds: 30 * 86_400 } } })
    const { due } = await standing(world, head.id)
    await world.clock.advance(hour + 1_000)
    expect(await audited(world)).toBe(2)
    expect((await standing(world, head.id)).due).toBe(due)
    expect((await standing(world, far.id)).due).toBe(world.clock.now())
  })

  it.each([
    ['of a worker that had work just before', 0],
    ['of a worker that has been quiet for hours', 5],
  ])('a purged bell %s is rung again within a day', async (_, quietHours) => {
    const world = createMemoryWorld()
    await register(world)
    for (let minutes = 0; minutes < quietHours * 60; minutes++) {
      await world.clock.advance(minute)
      await tickMinute(world, noLauncher)
    }
    const { id } = await created(world)
    world.memory.queue.purge('mill')
    for (let minutes = 0; minutes < 26 * 60; minutes++) {
      await world.clock.advance(minute)
      if (minutes === 0) await reacted(world)
      await tickDue(world)
      await tickMinute(world, noLauncher)
      if ((await standing(world, id)).n > 2 && (await world.queue.depth('mill')).visible > 0) break
    }
    expect((await world.queue.depth('mill')).visible).toBe(1)
  })

  it('waits while the feed lags, for tasks without a row would be passed over', async () => {
    const world = createMemoryWorld()
    await register(world)
    const { id } = await created(world)
    await reacted(world)
    await world.clock.advance(2 * hour)
    await tickMinute(world, noLauncher, { feedLagMs: () => hour })
    expect((await standing(world, id)).due).toBeUndefined()
    await tickMinute(world, noLauncher, { feedLagMs: () => 0 })
    expect((await standing(world, id)).due).toBeDefined()
  })

  it('where reading costs money, comes with the first tick of each five minutes, however late that is', async () => {
    const world = createMemoryWorld()
    await register(world)
    const { id } = await created(world)
    await reacted(world)
    await world.clock.advance(2 * hour - (world.clock.now() % (5 * minute)) + 2 * minute)
    await tickMinute(world, noLauncher, { lastTickAt: world.clock.now() - minute })
    expect((await standing(world, id)).due).toBeUndefined()
    await tickMinute(world, noLauncher, { lastTickAt: world.clock.now() - 20 * minute })
    expect((await standing(world, id)).due).toBeDefined()
  })
})
