import { describe, expect, it } from 'vitest'
import { outcomeKey } from '#core/keys'
import { outcomeOf } from '#core/layout'
import { cancelTask } from '#core/tasks/change'
import { endRun } from '#core/tasks/end-run'
import { loseRun, renewRun } from '#core/tasks/renew'
import { createMemoryWorld } from '../../support/memory-world.ts'
import { claimWith, receive, running, standing } from './fixtures.ts'

const retryable = { kind: 'fail', error: { code: 'broken', message: 'it broke', retryable: true } } as const

describe('renewRun', () => {
  it('extends the lease, tells the progress, and shows a cancel', async () => {
    const world = createMemoryWorld()
    const { head } = await running(world)
    await world.clock.advance(20_000)
    const renewal = { taskId: head.id, run: 'run1', known: head, progress: { percent: 40 } }
    const outcome = await renewRun(world, { ...renewal, nonce: '1' })
    expect(outcome).toMatchObject({ kind: 'moved', head: { progress: { percent: 40 }, run: { renewed: true } } })
    await cancelTask(world, { taskId: head.id, by: 'ann' })
    expect(await renewRun(world, { ...renewal, nonce: '2' })).toMatchObject({ head: { cancel: { by: 'ann' } } })
  })

  it('a repeat with the same nonce is the same renewal', async () => {
    const world = createMemoryWorld()
    const { head } = await running(world)
    const ask = { taskId: head.id, run: 'run1', nonce: '1' }
    world.upsets.push('after')
    await expect(renewRun(world, ask)).rejects.toThrow('lost')
    expect(await renewRun(world, ask)).toMatchObject({ kind: 'moved', head: { n: 3 } })
    expect((await standing(world, head.id)).n).toBe(3)
  })

  it('is refused to a run that lost its task, and where there is none', async () => {
    const world = createMemoryWorld()
    const { head } = await running(world)
    await loseRun(world, { taskId: head.id, run: 'run1', why: 'killed' })
    expect(await renewRun(world, { taskId: head.id, run: 'run1', nonce: '1' })).toMatchObject({
      kind: 'refused',
      reason: 'not-owner',
    })
    expect(await renewRun(world, { taskId: 'none', run: 'run1', nonce: '1' })).toEqual({ kind: 'absent' })
  })
})

describe('endRun', () => {
  it('a small result lies in the head, a large one apart under its run', async () => {
    const world = createMemoryWorld()
    const small = await running(world)
    await endRun(world, { taskId: small.head.id, run: 'run1', end: { kind: 'succeed', result: { output: 1 } } })
    expect(await standing(world, small.head.id)).toMatchObject({ status: 'succeeded', result: { output: 1 } })
    const large = await running(world)
    const result = { output: 'x'.repeat(2_000) }
    await endRun(world, { taskId: large.head.id, run: 'run1', end: { kind: 'succeed', result } })
    const head = await standing(world, large.head.id)
    expect(head).toMatchObject({ status: 'succeeded', outcomeApart: 'run1' })
    expect(head.result).toBeUndefined()
    expect(await outcomeOf(world.store, head)).toEqual({ result })
  })

  it('a zombie leaves its result under its own name and changes nothing else', async () => {
    const world = createMemoryWorld()
    const { head } = await running(world)
    await world.clock.advance(71_000)
    await claimWith(world, await receive(world), { run: 'run2' })
    const mine = { output: `2${'x'.repeat(2_000)}` }
    await endRun(world, { taskId: head.id, run: 'run2', end: { kind: 'succeed', result: mine } })
    const late = await endRun(world, {
      taskId: head.id,
      run: 'run1',
      end: { kind: 'succeed', result: { output: `1${'x'.repeat(2_000)}` } },
      known: head,
    })
    expect(late).toMatchObject({ kind: 'refused', reason: 'not-owner' })
    expect(await outcomeOf(world.store, await standing(world, head.id))).toEqual({ result: mine })
    expect(await world.store.get(outcomeKey(head.id, head.born, 'run2'))).toBeDefined()
  })

  it('a failure that will be repeated keeps the bell, also when its answer was lost', async () => {
    const world = createMemoryWorld()
    const { head } = await running(world)
    const ask = { taskId: head.id, run: 'run1', end: retryable }
    world.upsets.push('after')
    await expect(endRun(world, ask)).rejects.toThrow('lost')
    expect(await endRun(world, ask)).toMatchObject({
      kind: 'moved',
      holdMs: 500,
      head: { status: 'queued', failureCount: 1 },
    })
  })

  it('a failure of a renewed run rings a new bell', async () => {
    const world = createMemoryWorld()
    const { head, received } = await running(world)
    await renewRun(world, { taskId: head.id, run: 'run1', nonce: '1' })
    await world.queue.done('mill', received.receipt)
    const outcome = await endRun(world, { taskId: head.id, run: 'run1', end: retryable })
    expect(outcome.kind === 'moved' && outcome.holdMs).toBe(undefined)
    expect(await world.queue.depth('mill')).toEqual({ visible: 0, delayed: 1, held: 0 })
  })

  it('a store that is away: the run still owns its task and may ask again', async () => {
    const world = createMemoryWorld()
    const { head } = await running(world)
    world.upsets.push('before')
    await expect(endRun(world, { taskId: head.id, run: 'run1', end: { kind: 'stop' } })).rejects.toThrow('away')
    const outcome = await endRun(world, { taskId: head.id, run: 'run1', end: { kind: 'stop' } })
    expect(outcome).toMatchObject({ kind: 'moved', holdMs: 0, head: { status: 'queued', interruptCount: 1 } })
  })
})
