import { describe, expect, it } from 'vitest'
import { headItem } from '#core/layout'
import { cancelTask, patchTask } from '#core/tasks/change'
import { renewRun } from '#core/tasks/renew'
import { dueEntries, tickTasks } from '#core/tasks/tick'
import { createMemoryWorld, type MemoryWorld } from '../../support/memory-world.ts'
import { created, running, standing } from './fixtures.ts'

const day = 86_400_000
const hour = 3_600_000

async function tick(world: MemoryWorld, gone = false): Promise<{ readonly looked: number; readonly moved: number }> {
  return tickTasks(world, { bellMustBeGone: () => gone }, await dueEntries(world))
}

describe('tickTasks', () => {
  it('turns a long wait into a delayed bell once the rest fits on it', async () => {
    const world = createMemoryWorld()
    const { id } = await created(world, { task: { startAfter: { seconds: 3_600 } } })
    await world.clock.advance(hour - 900_001)
    expect(await tick(world)).toEqual({ looked: 0, moved: 0 })
    await world.clock.advance(1_001)
    await tick(world)
    expect(await standing(world, id)).toMatchObject({ status: 'queued', due: world.clock.now() + day })
    expect(await world.queue.depth('mill')).toEqual({ visible: 0, delayed: 1, held: 0 })
  })

  it('finds a dead run three leases after its first renewal at the latest, and rings', async () => {
    const world = createMemoryWorld()
    const { head, received } = await running(world)
    await renewRun(world, { taskId: head.id, run: 'run1', nonce: '1' })
    await world.queue.done('mill', received.receipt)
    await world.clock.advance(181_000)
    expect(await tick(world)).toEqual({ looked: 1, moved: 1 })
    expect(await standing(world, head.id)).toMatchObject({ status: 'queued', crashCount: 1 })
    expect(await world.queue.depth('mill')).toMatchObject({ visible: 1 })
  })

  it('right after a blind gap it judges nobody, and looks again a lease later', async () => {
    const world = createMemoryWorld()
    const { head } = await running(world)
    await renewRun(world, { taskId: head.id, run: 'run1', nonce: '1' })
    await world.clock.advance(181_000)
    world.seesFrom = world.clock.now()
    await tick(world)
    expect(await standing(world, head.id)).toMatchObject({ status: 'running', due: world.clock.now() + 70_000 })
    await world.clock.advance(70_000)
    await tick(world)
    expect((await standing(world, head.id)).status).toBe('queued')
  })

  it('ends what was not started in its window, queued or waiting', async () => {
    const world = createMemoryWorld()
    const queued = await created(world, { task: { notStartAfter: { seconds: 60 } } })
    const waiting = await created(world, { task: { startAfter: { seconds: 2_000 } } })
    await patchTask(world, { taskId: waiting.id, by: 'ann', fields: { notStartAfter: world.clock.now() + 60_000 } })
    await world.clock.advance(60_001)
    await tick(world)
    for (const { id } of [queued, waiting])
      expect(await standing(world, id)).toMatchObject({ status: 'expired', statusCode: 410 })
  })

  it('ends a canceled run after its grace', async () => {
    const world = createMemoryWorld()
    const { head } = await running(world)
    await cancelTask(world, { taskId: head.id, by: 'bob' })
    await world.clock.advance(29_000)
    await tick(world)
    expect((await standing(world, head.id)).status).toBe('running')
    await world.clock.advance(1_000)
    await tick(world)
    expect(await standing(world, head.id)).toMatchObject({ status: 'canceled', statusCode: 499 })
  })

  it('ends a run past its time limit', async () => {
    const world = createMemoryWorld()
    const { head } = await running(world, {
      task: { timeoutSeconds: 30, retry: { maxRuns: 1, minSeconds: 0, maxSeconds: 0, factor: 1, jitter: 'none' } },
    })
    await renewRun(world, { taskId: head.id, run: 'run1', nonce: '1' })
    await world.clock.advance(40_000)
    await tick(world)
    expect(await standing(world, head.id)).toMatchObject({
      status: 'failed',
      statusCode: 408,
      error: { code: 'timeout' },
    })
  })

  it('rings again only for a bell that must be gone, else looks once a day', async () => {
    const world = createMemoryWorld()
    const head = await created(world)
    await world.store.commit({
      write: { kind: 'put', item: headItem({ ...head, n: 2, due: world.clock.now() }), condition: { kind: 'any' } },
    })
    await tick(world)
    expect(await standing(world, head.id)).toMatchObject({ n: 3, due: world.clock.now() + day })
    expect((await world.queue.depth('mill')).visible).toBe(1)
    await world.clock.advance(day)
    await tick(world, true)
    expect((await world.queue.depth('mill')).visible).toBe(2)
  })

  it('an entry that fails is pushed and does not hold up the others', async () => {
    const world = createMemoryWorld()
    const ids = [
      await created(world, { task: { notStartAfter: { seconds: 1 } } }),
      await created(world, { task: { notStartAfter: { seconds: 1 } } }),
    ].map((head) => head.id)
    await world.clock.advance(1_001)
    world.upsets.push('before')
    await tick(world)
    const statuses = await Promise.all(ids.map(async (id) => (await standing(world, id)).status))
    expect(statuses.sort()).toEqual(['expired', 'queued'])
    expect(world.logged).toContain('clock.entry-failed')
    await world.clock.advance(60_000)
    await tick(world)
    for (const id of ids) expect((await standing(world, id)).status).toBe('expired')
  })
})
