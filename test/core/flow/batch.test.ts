import { describe, expect, it } from 'vitest'
import { commitBatch, finishBatch, type NewBatch, rollForward } from '#core/flow/batch'
import { batchOf, type PlannedTask, readBatch } from '#core/flow/batch-items'
import { lookAtDependent } from '#core/flow/dependencies'
import { batchKey } from '#core/keys'
import { cancelTask, removeTask } from '#core/tasks/change'
import { command, createDependencyHub, type DependencyHub } from './dependency-hub.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const batchId = '01KFBATCH00000000000000000'

type On = readonly (number | string)[]

function planOf({ world }: DependencyHub, edges: readonly On[], changes: Partial<PlannedTask['task']> = {}): NewBatch {
  const tasks = edges.map(
    (on, place): PlannedTask => ({
      id: world.ids.ofText(`task ${place}`),
      born: world.ids.token(),
      task: { command: 'mill.grind', arguments: { place }, ...changes },
      command: 0,
      argumentsBytes: 12,
      on,
    }),
  )
  return { batchId, requestHash: 'h1', by: 'ann', commands: [command], tasks }
}

async function make(hub: DependencyHub, plan: NewBatch): Promise<boolean> {
  const item = await commitBatch(hub.world, plan, undefined)
  if (item === undefined) return false
  await finishBatch(hub.world, item, { isAgain: false })
  return true
}

/** Two roots, two in the middle, one behind both, and one that has to do with nobody. */
const shape: readonly On[] = [[], [], [0], [0, 1], [2, 3], []]

/** Every task ran exactly once, and none before all it depends on. */
function expectInOrder({ ran }: DependencyHub, { tasks }: NewBatch): void {
  expect([...ran].sort()).toEqual(tasks.map(({ id }) => id).sort())
  for (const { id, on } of tasks) {
    for (const each of on) {
      const before = typeof each === 'number' ? (tasks[each]?.id ?? '') : each
      if (ran.includes(before)) expect(ran.indexOf(before)).toBeLessThan(ran.indexOf(id))
    }
  }
}

describe('a batch whose tasks depend on each other', () => {
  it('is made with all its ties, and closed', async () => {
    const hub = createDependencyHub()
    const plan = planOf(hub, shape)
    expect(await make(hub, plan)).toBe(true)
    const heads = await Promise.all(plan.tasks.map(({ id }) => hub.head(id)))
    expect(heads.map(({ status }) => status)).toEqual(['queued', 'queued', 'waiting', 'waiting', 'waiting', 'queued'])
    expect(heads.map(({ flow }) => flow?.isAwaited === true)).toEqual([true, true, true, true, false, false])
    expect(heads[4]?.due).toBe(hub.world.clock.now() + 5 * minuteMs)
    const closed = await readBatch(hub.world, batchId)
    expect(closed).toMatchObject({ data: { state: 'closed', requestHash: 'h1' } })
    expect(closed?.due).toBeUndefined()
    await hub.work()
    expectInOrder(hub, plan)
    expect(hub.items('WAITER#')).toEqual([])
  })

  it('leaves nothing behind where it has no key', async () => {
    const hub = createDependencyHub()
    await make(hub, { ...planOf(hub, shape), requestHash: undefined })
    expect(await readBatch(hub.world, batchId)).toBeUndefined()
  })

  it('is tied to tasks that were there before', async () => {
    const hub = createDependencyHub()
    const [open, done] = [await hub.create([], { startAfter: { seconds: 600 } }), await hub.create()]
    await hub.work()
    const plan = planOf(hub, [[open, 1], [done], [open, done]])
    await make(hub, plan)
    const ids = plan.tasks.map(({ id }) => id)
    expect(await hub.work()).toEqual([ids[1]])
    await hub.pass(10 * minuteMs)
    expect(await hub.work()).toEqual([open, ids[0], ids[2]])
  })

  it('hands a failure down to who depends on it, and to nobody else', async () => {
    const hub = createDependencyHub()
    const plan = planOf(hub, shape)
    await make(hub, plan)
    const ids = plan.tasks.map(({ id }) => id)
    await hub.work([ids[1] ?? ''])
    const codes = await Promise.all(ids.map(async (id) => (await hub.head(id)).statusCode))
    expect(codes).toEqual([200, 500, 200, 424, 424, 200])
  })

  it('may have 499 tasks in front of one', async () => {
    const hub = createDependencyHub()
    const plan = planOf(hub, [...Array.from({ length: 499 }, (): On => []), Array.from({ length: 499 }, (_, at) => at)])
    await make(hub, plan)
    await hub.work()
    expectInOrder(hub, plan)
  })

  it('may be larger than an item, and leaves no part of it', async () => {
    const hub = createDependencyHub()
    const plan = planOf(hub, shape, { arguments: 'x'.repeat(200_000) })
    const item = await commitBatch(hub.world, plan, undefined)
    expect(hub.items('PART#')).toHaveLength(6)
    if (item === undefined) throw new Error('not accepted')
    await finishBatch(hub.world, item, { isAgain: false })
    expect(hub.items('PART#')).toEqual([])
    expect(batchOf((await readBatch(hub.world, batchId)) ?? item).state).toBe('closed')
    await hub.work()
    expectInOrder(hub, plan)
  })

  it('that another one took the place of is not made', async () => {
    const hub = createDependencyHub()
    const plan = planOf(hub, shape)
    const first = await commitBatch(hub.world, plan, undefined)
    expect(first).toBeDefined()
    expect(await commitBatch(hub.world, { ...planOf(hub, [[]]), requestHash: 'h2' }, undefined)).toBeUndefined()
    expect(hub.heads()).toEqual([])
  })

  it('that was prepared and never accepted is forgotten after an hour', async () => {
    const hub = createDependencyHub()
    const plan = planOf(hub, shape, { arguments: 'x'.repeat(200_000) })
    hub.world.upsets.push(...Array.from({ length: 7 }, () => undefined), 'before')
    await expect(commitBatch(hub.world, plan, undefined)).rejects.toThrow('away')
    expect(hub.items('PART#')).toHaveLength(6)
    await hub.pass(hourMs + minuteMs)
    expect([...hub.world.memory.table.all()]).toEqual([])
  })
})

describe('a crash in the middle of a batch', () => {
  /** Everything that its maker writes from this write on is lost; or just that answer is. */
  async function crash(hub: DependencyHub, plan: NewBatch, write: number, how: 'dies' | 'answer'): Promise<boolean> {
    const { upsets } = hub.world
    const rest = how === 'answer' ? (['after'] as const) : Array.from({ length: 500 }, () => 'before' as const)
    upsets.push(...Array.from({ length: write - 1 }, () => undefined), ...rest)
    const isDone = await make(hub, plan).catch(() => false)
    upsets.length = 0
    return isDone
  }

  it.each(['dies', 'answer'] as const)('at any write (%s) ends with all its tasks, each once', async (how) => {
    for (let write = 1; ; write++) {
      const hub = createDependencyHub()
      const plan = planOf(hub, shape)
      const isDone = await crash(hub, plan, write, how)
      const isAccepted = (await readBatch(hub.world, batchId)) !== undefined
      expect(isAccepted).toBe(write > 1 || how === 'answer')
      // What was made runs already, before anybody finds the batch open.
      await hub.work()
      await hub.pass(3 * minuteMs)
      await hub.work()
      if (isAccepted) expectInOrder(hub, plan)
      else expect(hub.heads()).toEqual([])
      expect(hub.items('WAITER#')).toEqual([])
      if (isDone) return expect(write).toBeGreaterThan(10)
    }
  })

  it('also of a large one', async () => {
    for (let write = 1; ; write++) {
      const hub = createDependencyHub()
      const plan = planOf(hub, shape, { arguments: 'x'.repeat(200_000) })
      const isDone = await crash(hub, plan, write, 'dies')
      const item = await readBatch(hub.world, batchId)
      const isAccepted = item !== undefined && batchOf(item).state !== 'preparing'
      expect(isAccepted).toBe(write > 8)
      await hub.work()
      await hub.pass(hourMs + 2 * minuteMs)
      await hub.work()
      if (isAccepted) expectInOrder(hub, plan)
      else expect(hub.heads()).toEqual([])
      expect(hub.items('PART#')).toEqual([])
      if (isDone) return
    }
  })

  it('is no end of those who wait for what is not there yet, however long the store was away', async () => {
    const hub = createDependencyHub()
    const plan = planOf(hub, shape)
    // The notes and the tasks that wait are written; no root is.
    await crash(hub, plan, 10, 'dies')
    expect(hub.heads().map(({ status }) => status)).toEqual(['waiting', 'waiting', 'waiting'])
    await hub.world.clock.advance(5 * hourMs)
    // Those who wait are looked at before the batch is.
    for (const head of hub.heads()) await lookAtDependent(hub.world, head)
    expect(hub.heads().map(({ status }) => status)).toEqual(['waiting', 'waiting', 'waiting'])
    await hub.pass(2 * minuteMs)
    await hub.work()
    expectInOrder(hub, plan)
  })

  it('leaves times as the caller meant them, and a start window that has closed is closed', async () => {
    const hub = createDependencyHub()
    const plan = planOf(hub, [[]], { startAfter: { seconds: 30 }, notStartAfter: { seconds: 3_600 } })
    const acceptedAt = hub.world.clock.now()
    await commitBatch(hub.world, plan, undefined)
    await hub.world.clock.advance(2 * hourMs)
    await hub.pass(minuteMs)
    const [head] = hub.heads()
    expect(head).toMatchObject({ createdAt: acceptedAt, startAfter: acceptedAt + 30_000, status: 'queued' })
    await hub.pass(minuteMs)
    expect(hub.heads()[0]?.status).toBe('expired')
  })

  it('two who find it open make the same', async () => {
    const hub = createDependencyHub()
    const plan = planOf(hub, shape)
    const item = await commitBatch(hub.world, plan, undefined)
    if (item === undefined) throw new Error('not accepted')
    await hub.world.clock.advance(2 * minuteMs)
    await Promise.all([
      finishBatch(hub.world, item, { isAgain: false }),
      finishBatch(hub.world, item, { isAgain: true }),
      rollForward(hub.world, batchId),
    ])
    expect(await readBatch(hub.world, batchId)).toMatchObject({ data: { state: 'closed' } })
    await hub.work()
    expectInOrder(hub, plan)
  })

  it('is pushed ever further while it cannot be made', async () => {
    const hub = createDependencyHub()
    await commitBatch(hub.world, planOf(hub, shape), undefined)
    for (const minutes of [1, 2, 4]) {
      await hub.world.clock.advance(hourMs)
      hub.world.upsets.push(undefined, ...Array.from({ length: 100 }, () => 'before' as const))
      await rollForward(hub.world, batchId).catch(() => undefined)
      hub.world.upsets.length = 0
      expect((await readBatch(hub.world, batchId))?.due).toBe(hub.world.clock.now() + minutes * minuteMs)
    }
  })

  it('makes anew what is gone when the same is asked for after its end', async () => {
    const hub = createDependencyHub()
    const first = planOf(hub, [[], [0]])
    await make(hub, first)
    await hub.work()
    const [root, leaf] = first.tasks.map(({ id }) => id)
    await removeTask(hub.world, leaf ?? '')
    const seen = await hub.world.store.get(batchKey(batchId))
    const again = await commitBatch(hub.world, planOf(hub, [[], [0]]), seen)
    if (again === undefined) throw new Error('not accepted')
    await finishBatch(hub.world, again, { isAgain: false })
    await hub.work()
    expect(hub.ran).toEqual([root, leaf, leaf])
  })

  it('one that waits may be canceled before the batch is whole', async () => {
    const hub = createDependencyHub()
    const plan = planOf(hub, [[], [0]])
    await crash(hub, plan, 4, 'dies')
    const [root, leaf] = plan.tasks.map(({ id }) => id)
    await cancelTask(hub.world, { taskId: leaf ?? '', by: 'ann' })
    await hub.pass(2 * minuteMs)
    await hub.work()
    expect(hub.ran).toEqual([root])
  })
})
