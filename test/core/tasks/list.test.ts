import { describe, expect, it } from 'vitest'
import { cancelTask } from '#core/tasks/change'
import { type ListAsk, listTasks } from '#core/tasks/list'
import { createMemoryWorld, type MemoryWorld } from '../../support/memory-world.ts'
import { created, reacted } from './fixtures.ts'

const day = 86_400_000

async function listAll(world: MemoryWorld, ask: Partial<ListAsk> = {}): Promise<readonly string[]> {
  const seen: string[] = []
  let before: string | undefined
  for (let pages = 0; pages < 100; pages++) {
    const to = world.clock.now() + 1
    const page = await listTasks(world, { filter: { command: 'mill.grind' }, from: 0, to, limit: 3, ...ask, before })
    seen.push(...page.heads.map((head) => head.id))
    before = page.next
    if (before === undefined) return seen
  }
  throw new Error('the list does not end')
}

/** A few tasks, one every so many days, oldest first. */
async function tasksEvery(world: MemoryWorld, days: number, count: number): Promise<readonly string[]> {
  const ids: string[] = []
  for (let index = 0; index < count; index++) {
    ids.push((await created(world, { task: { retentionSeconds: 3_650 * 86_400 } })).id)
    await world.clock.advance(days * day)
  }
  await reacted(world)
  return ids
}

describe('listTasks', () => {
  it('newest first, over months, page after page without gap or repeat', async () => {
    const world = createMemoryWorld()
    const ids = await tasksEvery(world, 12, 10)
    expect(await listAll(world)).toEqual([...ids].reverse())
    expect(await listAll(world, { limit: 1 })).toEqual([...ids].reverse())
  })

  it('finds what lies years back, behind two years with nothing in them', async () => {
    const world = createMemoryWorld()
    const ids = await tasksEvery(world, 31, 3)
    for (const months of [22, 23, 24, 25, 26, 60]) {
      const start = world.clock.now()
      await world.clock.advance(months * 30.5 * day)
      expect(await listAll(world)).toEqual([...ids].reverse())
      world.clock.sleep(start - world.clock.now())
    }
  })

  it('over shards: the same pages as from one, and no shard has more than its share', async () => {
    const world = createMemoryWorld({ directoryShards: 4 })
    const ids = await tasksEvery(world, 0.01, 400)
    expect(await listAll(world, { limit: 50 })).toEqual([...ids].reverse())
    expect((await listAll(world, { limit: 1, from: world.clock.now() - 0.055 * day })).length).toBe(5)
    const shares = new Map<string, number>()
    for (const { pk } of world.memory.table.all()) {
      if (pk.startsWith('D#')) shares.set(pk.split('#')[2] ?? '', (shares.get(pk.split('#')[2] ?? '') ?? 0) + 1)
    }
    expect([...shares.keys()].sort()).toEqual(['0', '1', '2', '3'])
    for (const share of shares.values()) expect(share).toBeLessThan(1.4 * (400 / 4))
  })

  it('by time: from is in, to is out', async () => {
    const world = createMemoryWorld()
    const start = world.clock.now()
    const ids = await tasksEvery(world, 1, 5)
    expect(await listAll(world, { from: start + day, to: start + 3 * day })).toEqual([ids[2], ids[1]])
  })

  it('by status, as the heads have it', async () => {
    const world = createMemoryWorld()
    const ids = await tasksEvery(world, 0, 7)
    for (const id of [ids[1], ids[4]]) await cancelTask(world, { taskId: id ?? '', by: 'ann' })
    expect([...(await listAll(world, { filter: { command: 'mill.grind', status: 'canceled' } }))].sort()).toEqual(
      [ids[1], ids[4]].sort(),
    )
    expect(await listAll(world, { filter: { status: 'queued' }, commands: ['mill.grind'], limit: 2 })).toHaveLength(5)
  })

  it('leaves out what is unlisted, and commands that were not asked for', async () => {
    const world = createMemoryWorld()
    await created(world, { task: { unlisted: true } })
    await created(world)
    await reacted(world)
    expect(await listAll(world)).toHaveLength(1)
    expect(await listAll(world, { filter: { command: 'other' } })).toEqual([])
    expect(await listAll(world, { filter: {}, commands: [] })).toEqual([])
  })
})
