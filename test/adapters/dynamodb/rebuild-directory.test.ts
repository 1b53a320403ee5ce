import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { rebuildTable } from '#adapters/account/rebuild-directory'
import { openDynamoStore } from '#adapters/dynamodb/store'
import { cancelTask } from '#core/tasks/change'
import { createTask } from '#core/tasks/create'
import { listTasks } from '#core/tasks/list'
import type { World } from '#core/world'
import { type DynamoEngine, startDynamo, whyNoDynamo } from '../../support/engines/dynamodb-local.ts'
import { createMemoryWorld } from '../../support/memory-world.ts'

describe.skipIf(whyNoDynamo() !== undefined)('directory rebuild of a table', () => {
  let engine: DynamoEngine
  beforeAll(async () => {
    engine = await startDynamo()
  }, 60_000)
  afterAll(() => engine?.[Symbol.asyncDispose]())

  async function open(): Promise<{ readonly world: World; readonly table: string }> {
    const { name: table } = await engine.makeTable()
    const memory = createMemoryWorld({ directoryShards: 4 })
    const clock = { ...memory.clock, now: () => Date.now() }
    const { client } = engine
    const { monotonicMs } = memory.clock
    const store = openDynamoStore({ client, table, sendBells: async () => undefined, dueShards: 2, monotonicMs })
    return { world: { ...memory, clock, store }, table }
  }

  it('finds every head among all else, over several pages, and writes its rows', async () => {
    const { world, table } = await open()
    const ids = Array.from({ length: 240 }, () => world.ids.next())
    for (let from = 0; from < ids.length; from += 20) {
      await Promise.all(ids.slice(from, from + 20).map((id, index) => fill(world, id, from + index)))
    }
    const ask = { filter: { externalId: 'o-17' }, from: 0, to: Date.now() + 1, limit: 10 }
    expect((await listTasks(world, ask)).heads).toEqual([])
    const progress = await rebuildTable({ table, shards: 4, client: engine.settings })
    expect(progress).toEqual({ tasks: 240, rows: 480 })
    expect((await listTasks(world, ask)).heads.map(({ id }) => id)).toEqual([ids[17]])
    const all = await listTasks(world, { ...ask, filter: { command: 'mill.grind' }, limit: 240 })
    expect(all.heads.map(({ id }) => id).toSorted()).toEqual(ids.toSorted())
    expect(await rebuildTable({ table, shards: 4, client: engine.settings })).toEqual(progress)
  }, 60_000)

  it('says that there is no such table', async () => {
    const rebuilt = rebuildTable({ table: 'nowhere', shards: 4, client: engine.settings })
    await expect(rebuilt).rejects.toThrow(/the table is not there/)
  })
})

/** Large enough for more than one answer of the scan; the arguments lie beside the heads. Every second one has ended. */
async function fill(world: World, id: string, index: number): Promise<void> {
  const task = { command: 'mill.grind', externalId: `o-${index}`, arguments: 'x'.repeat(20_000) }
  const command = { worker: 'mill', name: 'mill.grind', version: 1 }
  await createTask(world, { task, command, by: 'ann', id, argumentsBytes: 20_002 })
  if (index % 2 === 0) await cancelTask(world, { taskId: id, by: 'ann' })
}
