import { describe, expect, it } from 'vitest'
import { bellFor } from '#core/layout'
import { cancelTask, patchTask, retryTask } from '#core/tasks/change'
import { endRun } from '#core/tasks/end-run'
import { renewRun } from '#core/tasks/renew'
import { createMemoryWorld, type MemoryWorld } from '../../support/memory-world.ts'
import { claimWith, created, receive, running, standing } from './fixtures.ts'

const fail = { kind: 'fail', error: { code: 'broken', message: 'it broke', retryable: false } } as const

/** A bell as it is rung before its write: the write may still come. */
function ringAhead(world: MemoryWorld, taskId: string, version: { born: string; n: number }, copy?: unknown): void {
  const bell = { format: 1, worker: 'mill', taskId, ...version, delayMs: 0, copy } as const
  world.memory.queue.send([bell])
}

describe('claim', () => {
  it('runs a queued task, from the copy alone', async () => {
    const world = createMemoryWorld()
    const head = await created(world)
    const outcome = await claimWith(world, await receive(world))
    expect(outcome).toMatchObject({
      kind: 'run',
      arguments: { grain: 'rye' },
      holdMs: 70_000,
      head: { status: 'running' },
    })
    expect(await standing(world, head.id)).toMatchObject({ n: 2, run: { id: 'run1', instance: 'i1', renewed: false } })
  })

  it('recognises its own claim when it is asked again', async () => {
    const world = createMemoryWorld()
    await created(world)
    const received = await receive(world)
    await claimWith(world, received)
    expect(await claimWith(world, received)).toMatchObject({ kind: 'run', head: { n: 2, runCount: 1 } })
  })

  it('hides the bell of a young run until it may be lost, and never deletes it', async () => {
    const world = createMemoryWorld()
    const { head } = await running(world)
    ringAhead(world, head.id, { born: head.born, n: 1 })
    const outcome = await claimWith(world, await receive(world), { run: 'run2' })
    expect(outcome.kind).toBe('hide')
    expect(outcome.kind === 'hide' && outcome.ms).toBeGreaterThan(60_000)
  })

  it('drops the bell of a renewed run and of an ended task', async () => {
    const world = createMemoryWorld()
    const { head } = await running(world)
    await renewRun(world, { taskId: head.id, run: 'run1', nonce: '1' })
    ringAhead(world, head.id, head)
    expect(await claimWith(world, await receive(world), { run: 'run2' })).toEqual({ kind: 'drop' })
    await endRun(world, { taskId: head.id, run: 'run1', end: fail })
    ringAhead(world, head.id, head)
    expect(await claimWith(world, await receive(world), { run: 'run2' })).toEqual({ kind: 'drop' })
  })

  it('takes a lost run over in one write', async () => {
    const world = createMemoryWorld()
    const { head } = await running(world)
    await world.clock.advance(71_000)
    const outcome = await claimWith(world, await receive(world), { run: 'run2', instance: 'i2' })
    expect(outcome).toMatchObject({ kind: 'run', head: { crashCount: 1, run: { id: 'run2', renewed: false } } })
    expect(await standing(world, head.id)).toMatchObject({ n: 4, status: 'running', runCount: 2 })
  })

  it('a hub that was blind gives every lease one more lease', async () => {
    const world = createMemoryWorld()
    await running(world)
    await world.clock.advance(71_000)
    world.seesFrom = world.clock.now()
    expect((await claimWith(world, await receive(world), { run: 'run2' })).kind).toBe('hide')
  })

  it('sends a lost run back to the queue where it may not run it, so that the bell does not spin', async () => {
    const world = createMemoryWorld()
    const { head } = await running(world)
    await world.clock.advance(71_000)
    expect(await claimWith(world, await receive(world), { run: 'run2', accepts: () => false })).toEqual({
      kind: 'drop',
    })
    expect(await standing(world, head.id)).toMatchObject({ status: 'queued', crashCount: 1 })
    expect([...world.memory.queue.all('mill')].some((bell) => bell.n === 3)).toBe(true)
  })

  it('asks whether it may run the task as the crash has left it: after the second one it runs alone', async () => {
    const world = createMemoryWorld()
    const { head } = await running(world)
    await world.clock.advance(71_000)
    const accepts = ({ crashCount }: { readonly crashCount: number }) => crashCount < 1
    expect(await claimWith(world, await receive(world), { run: 'run2', accepts })).toEqual({ kind: 'drop' })
    expect(await standing(world, head.id)).toMatchObject({ status: 'queued', crashCount: 1 })
  })

  it('a lost run whose start window has closed goes back to the queue and expires there', async () => {
    const world = createMemoryWorld()
    const { head } = await running(world, { task: { notStartAfter: { seconds: 30 } } })
    await world.clock.advance(71_000)
    expect(await claimWith(world, await receive(world), { run: 'run2' })).toEqual({ kind: 'drop' })
    expect(await standing(world, head.id)).toMatchObject({ status: 'queued', crashCount: 1 })
    expect(await claimWith(world, await receive(world), { run: 'run3' })).toEqual({ kind: 'drop' })
    expect((await standing(world, head.id)).status).toBe('expired')
  })

  it('looks again at a bell ahead of its head, then hides it for longer and longer, and drops it after 15 minutes', async () => {
    const world = createMemoryWorld()
    ringAhead(world, '01KF0000000000000000000000', { born: 'b1', n: 1 })
    expect(await claimWith(world, await receive(world))).toEqual({ kind: 'hide', ms: 1_000 })
    await world.clock.advance(80_000)
    expect(await claimWith(world, await receive(world))).toEqual({ kind: 'hide', ms: 2_000 })
    await world.clock.advance(900_000)
    expect(await claimWith(world, await receive(world))).toEqual({ kind: 'drop' })
  })

  it('claims a head that is written while it looks', async () => {
    const world = createMemoryWorld()
    const other = createMemoryWorld()
    const head = await created(other)
    ringAhead(world, head.id, head)
    const received = await receive(world)
    const outcome = claimWith(world, received)
    await world.store.commit({
      write: {
        kind: 'put',
        item: { pk: `T#${head.id}`, sk: 'HEAD', born: head.born, n: 1, data: head },
        condition: { kind: 'absent' },
      },
    })
    await world.clock.advance(500)
    expect((await outcome).kind).toBe('run')
  })

  it('does not drop the bell of a retry whose head is not written yet', async () => {
    const world = createMemoryWorld()
    const { head, received } = await running(world)
    await endRun(world, { taskId: head.id, run: 'run1', end: fail })
    await world.queue.done('mill', received.receipt)
    const failed = await standing(world, head.id)
    ringAhead(world, head.id, { born: head.born, n: failed.n + 1 }, { ...failed, n: failed.n + 1, status: 'queued' })
    expect((await claimWith(world, await receive(world), { run: 'run2' })).kind).toBe('hide')
  })

  it('does not claim by the copy of a head that was never written', async () => {
    const world = createMemoryWorld()
    const { head, received } = await running(world)
    await endRun(world, { taskId: head.id, run: 'run1', end: fail })
    await world.queue.done('mill', received.receipt)
    // A hand-back that lost against the end rang for the very version that the end has now.
    const failed = await standing(world, head.id)
    ringAhead(world, head.id, failed, { ...failed, status: 'queued' })
    expect(await claimWith(world, await receive(world), { run: 'run2' })).toEqual({ kind: 'drop' })
    expect((await standing(world, head.id)).status).toBe('failed')
  })

  it('only a first version is copied into its bell', async () => {
    const world = createMemoryWorld()
    const head = await created(world)
    expect(bellFor(head, 0).copy).toEqual(head)
    expect(bellFor({ ...head, n: 2 }, 0).copy).toBeUndefined()
  })

  it('a bell names the customer it is of, where there is one', async () => {
    const world = createMemoryWorld()
    const head = await created(world)
    expect(bellFor({ ...head, accountId: 'acme' }, 0).group).toBe('acme')
    expect(bellFor(head, 0)).not.toHaveProperty('group')
  })

  it('keeps the bell of a new life while the old one still stands there past its retention', async () => {
    const world = createMemoryWorld()
    const { head, received } = await running(world)
    await endRun(world, { taskId: head.id, run: 'run1', end: fail })
    await world.queue.done('mill', received.receipt)
    await world.clock.advance(31 * 86_400_000)
    ringAhead(world, head.id, { born: 'zz', n: 1 }, { ...head, born: 'zz', n: 1, status: 'queued', run: undefined })
    expect((await claimWith(world, await receive(world), { run: 'run2' })).kind).toBe('hide')
  })

  it('hides what is not for this instance, and what may not start yet', async () => {
    const world = createMemoryWorld()
    const head = await created(world)
    const received = await receive(world)
    expect(await claimWith(world, received, { accepts: () => false })).toEqual({ kind: 'hide', ms: 30_000 })
    await patchTask(world, { taskId: head.id, by: 'ann', fields: { startAfter: world.clock.now() + 5_400 } })
    expect(await claimWith(world, received)).toEqual({ kind: 'hide', ms: 5_400 })
  })

  it('does nothing with a bell whose hold is nearly over', async () => {
    const world = createMemoryWorld()
    await created(world)
    const received = await receive(world)
    await world.clock.advance(66_000)
    expect(await claimWith(world, received)).toEqual({ kind: 'leave' })
  })

  it('claims nothing when reading the head took longer than the hold', async () => {
    const world = createMemoryWorld()
    const { head } = await running(world)
    await world.clock.advance(71_000)
    const received = await receive(world)
    const { store } = world
    const slow: MemoryWorld = {
      ...world,
      store: {
        ...store,
        get: async (key) => {
          await world.clock.advance(68_000)
          return store.get(key)
        },
      },
    }
    expect(await claimWith(slow, received, { run: 'run2' })).toEqual({ kind: 'leave' })
    expect(await standing(world, head.id)).toMatchObject({ n: 2, run: { id: 'run1' } })
  })

  it('takes a renewed run over and leaves its guard in the index, for the bell in hand may be gone', async () => {
    const world = createMemoryWorld()
    const { head } = await running(world)
    await renewRun(world, { taskId: head.id, run: 'run1', nonce: '1' })
    await world.clock.advance(71_000)
    expect((await claimWith(world, await receive(world), { run: 'run2' })).kind).toBe('run')
    expect(await standing(world, head.id)).toMatchObject({ run: { id: 'run2', renewed: false } })
    expect((await standing(world, head.id)).due).toBeLessThanOrEqual(world.clock.now() + 180_000)
  })

  it('rings anew for a bell that was received a hundred times', async () => {
    const world = createMemoryWorld()
    const head = await created(world)
    const received = await receive(world)
    const worn = received === undefined ? received : { ...received, receivedCount: 100 }
    expect(await claimWith(world, worn, { accepts: () => false })).toEqual({ kind: 'drop' })
    expect([...world.memory.queue.all('mill')].map((bell) => bell.n).sort()).toEqual([1, 2])
    expect((await standing(world, head.id)).n).toBe(2)
  })

  it('drops the bell of a task that was canceled, and claims it by the bell of its retry', async () => {
    const world = createMemoryWorld()
    const head = await created(world)
    await cancelTask(world, { taskId: head.id, by: 'ann' })
    const first = await receive(world)
    expect(await claimWith(world, first)).toEqual({ kind: 'drop' })
    await world.queue.done('mill', first?.receipt ?? '')
    await retryTask(world, { taskId: head.id, by: 'ann' })
    expect((await claimWith(world, await receive(world))).kind).toBe('run')
  })

  it('a claim whose answer was lost is found again by the bell, as a young run', async () => {
    const world = createMemoryWorld()
    const head = await created(world)
    const received = await receive(world)
    world.upsets.push('after')
    await expect(claimWith(world, received)).rejects.toThrow('lost')
    expect(await claimWith(world, received)).toMatchObject({ kind: 'run', head: { id: head.id, n: 2 } })
  })
})
