import { describe, expect, it } from 'vitest'
import { writeSignal } from '#core/flow/signals'
import { createFlowHub, done, recordOfStep } from './flow-hub.ts'

/** Tasks that wait without a slot: for a time, for a signal, for the next try of a step. */

const day = 86_400_000

describe('a sleep', () => {
  it('of seconds is a bell, claimed straight from the sleep', async () => {
    const hub = await createFlowHub()
    const id = await hub.submit()
    const grant = await hub.one()
    const until = hub.world.clock.now() + 30_000
    expect(await hub.suspend(grant, { kind: 'sleep', id: 'nap', until })).toEqual({
      run: grant.run,
      outcome: 'suspended',
    })
    expect(await hub.head(id)).toMatchObject({ status: 'suspended', due: until + 60_000 })
    expect(await hub.receive()).toEqual([])
    await hub.world.clock.advance(30_000)
    const woken = await hub.one()
    expect(recordOfStep(woken, 'nap')).toMatchObject({ kind: 'sleep', state: 'done' })
    expect((await hub.head(id)).flow?.suspension).toBeUndefined()
  })

  it('of a year costs a look at its end alone, and ends on the second', async () => {
    const hub = await createFlowHub()
    const id = await hub.submit()
    const grant = await hub.one()
    const until = hub.world.clock.now() + 365 * day
    await hub.suspend(grant, { kind: 'sleep', id: 'nap', until })
    const { n, due } = await hub.head(id)
    expect(due).toBe(until - 900_000)
    await hub.world.clock.advance(until - 900_000 - hub.world.clock.now())
    expect((await hub.head(id)).n).toBe(n)
    await hub.tick()
    expect(await hub.head(id)).toMatchObject({ status: 'suspended', n: n + 1 })
    await hub.world.clock.advance(until - hub.world.clock.now() - 1_000)
    expect(await hub.receive()).toEqual([])
    await hub.world.clock.advance(1_000)
    expect((await hub.one()).task.id).toBe(id)
  })

  it('whose bell is lost ends a minute late', async () => {
    const hub = await createFlowHub()
    await hub.submit()
    const grant = await hub.one()
    await hub.suspend(grant, { kind: 'sleep', id: 'nap', until: hub.world.clock.now() + 30_000 })
    hub.world.memory.queue.purge('mill')
    await hub.pass(120_000)
    expect(recordOfStep(await hub.one(), 'nap')).toMatchObject({ state: 'done' })
  })

  it('is not made longer by a crash behind its begin', async () => {
    const hub = await createFlowHub()
    await hub.submit()
    const grant = await hub.one()
    const until = hub.world.clock.now() + 300_000
    await hub.step(grant, { kind: 'open', wait: { kind: 'sleep', id: 'nap', until } })
    await hub.pass(120_000)
    const second = await hub.one()
    expect(recordOfStep(second, 'nap')).toMatchObject({ state: 'open', wait: { until } })
    await hub.suspend(second, { kind: 'sleep', id: 'nap', until: until + 300_000 })
    await hub.pass(until - hub.world.clock.now())
    expect(recordOfStep(await hub.one(), 'nap')).toMatchObject({ state: 'done' })
  })

  it('that is over already keeps its run', async () => {
    const hub = await createFlowHub()
    await hub.submit()
    const grant = await hub.one()
    const answer = await hub.suspend(grant, { kind: 'sleep', id: 'nap', until: hub.world.clock.now() })
    expect(answer).toMatchObject({ outcome: 'resolved', records: [{ id: 'nap', state: 'done' }] })
    await hub.succeed(grant)
  })
})

describe('a signal', () => {
  const approval = { kind: 'signal', id: 'wait', name: 'approved' } as const
  const send = (hub: Awaited<ReturnType<typeof createFlowHub>>, taskId: string, id: string, data: string) =>
    writeSignal(hub.world, { taskId, name: 'approved', id, by: 'ann', data })

  it('wakes who waits for it', async () => {
    const hub = await createFlowHub()
    const id = await hub.submit()
    expect(await hub.suspend(await hub.one(), approval)).toMatchObject({ outcome: 'suspended' })
    expect(await send(hub, id, 's1', 'yes')).toMatchObject({ kind: 'sent' })
    await hub.follow()
    expect(recordOfStep(await hub.one(), 'wait')).toMatchObject({ state: 'done', output: 'yes' })
  })

  it('that comes before the wait is kept for it', async () => {
    const hub = await createFlowHub()
    const id = await hub.submit()
    await send(hub, id, 's1', 'early')
    const grant = await hub.one()
    const answer = await hub.suspend(grant, approval)
    expect(answer).toMatchObject({ outcome: 'resolved', records: [{ output: 'early' }] })
  })

  it('is consumed once: two waits take two, a repeat of one counts once', async () => {
    const hub = await createFlowHub()
    const id = await hub.submit()
    const grant = await hub.one()
    await hub.suspend(grant, approval, { ...approval, id: 'again' })
    await send(hub, id, 's1', 'a')
    expect(await send(hub, id, 's1', 'a')).toMatchObject({ kind: 'existing' })
    await hub.follow()
    const woken = await hub.one()
    expect(woken.steps?.filter(({ state }) => state === 'done')).toHaveLength(1)
    const open = woken.steps?.find(({ state }) => state === 'open')
    await hub.suspend(woken, { ...approval, id: open?.id ?? '' })
    await hub.world.clock.advance(10)
    await send(hub, id, 's2', 'b')
    await hub.follow()
    expect((await hub.one()).steps?.map(({ output }) => output).sort()).toEqual(['a', 'b'])
  })

  it('beats the time limit that it came before, and the limit fails the step without it', async () => {
    const hub = await createFlowHub()
    const late = await hub.submit()
    const until = hub.world.clock.now() + 60_000
    await hub.suspend(await hub.one(), { ...approval, until })
    await hub.world.clock.advance(50_000)
    await send(hub, late, 's1', 'just in time')
    await hub.world.clock.advance(20_000)
    expect(recordOfStep(await hub.one(), 'wait')).toMatchObject({ state: 'done', output: 'just in time' })

    await hub.submit()
    await hub.suspend(await hub.one(), { ...approval, until: hub.world.clock.now() + 60_000 })
    await hub.pass(61_000)
    expect(recordOfStep(await hub.one(), 'wait')).toMatchObject({ state: 'failed', error: { code: 'signal-timeout' } })
  })

  it('whose wake is lost is found by the next look of the clock', async () => {
    const hub = await createFlowHub()
    const id = await hub.submit()
    await hub.suspend(await hub.one(), approval)
    await send(hub, id, 's1', 'yes')
    const { due = 0 } = await hub.head(id)
    await hub.world.clock.advance(due - hub.world.clock.now())
    await hub.tick()
    expect(recordOfStep(await hub.one(), 'wait')).toMatchObject({ output: 'yes' })
  })
})

describe('a suspended task', () => {
  it('is looked at less and less often, up to once a day', async () => {
    const hub = await createFlowHub()
    const id = await hub.submit()
    await hub.suspend(await hub.one(), { kind: 'signal', id: 'wait', name: 'never' })
    const gaps: number[] = []
    for (let looks = 0; looks < 10; looks++) {
      const { due = 0 } = await hub.head(id)
      gaps.push((due - hub.world.clock.now()) / 60_000)
      await hub.world.clock.advance(due - hub.world.clock.now())
      await hub.tick()
    }
    expect(gaps).toEqual([5, 5, 10, 20, 40, 80, 160, 320, 640, 1_280])
  })

  it('is canceled at once, and its run that a cancel reached first does not suspend', async () => {
    const hub = await createFlowHub()
    const id = await hub.submit()
    await hub.suspend(await hub.one(), { kind: 'signal', id: 'wait', name: 'never' })
    expect(await hub.cancel(id)).toMatchObject({ head: { status: 'canceled' } })
    const other = await hub.submit()
    const grant = await hub.one()
    await hub.cancel(other)
    expect(await hub.suspend(grant, { kind: 'signal', id: 'wait', name: 'never' })).toMatchObject({ outcome: 'cancel' })
  })

  it('remembers its steps, and a zombie cannot suspend it', async () => {
    const hub = await createFlowHub()
    await hub.submit()
    const zombie = await hub.one()
    await hub.step(zombie, done('a', 1))
    await hub.pass(200_000)
    const successor = await hub.one()
    expect(await hub.suspend(zombie, { kind: 'sleep', id: 'nap', until: 9e12 })).toMatchObject({ outcome: 'lost' })
    expect(recordOfStep(successor, 'a')).toMatchObject({ output: 1 })
    await hub.succeed(successor)
  })
})
