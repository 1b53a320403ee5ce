import { describe, expect, it } from 'vitest'
import { createFlowHub, done, recordOfStep } from './flow-hub.ts'

/** What a task remembers between its runs. */

const failedStep = {
  kind: 'failed',
  id: 'pay',
  error: { code: 'declined', message: 'the card was declined', retryable: false },
  startedAt: 1,
  endedAt: 2,
} as const

describe('a step', () => {
  it('is remembered by the next run, and a plain task is told of none', async () => {
    const hub = await createFlowHub()
    await hub.submit()
    const first = await hub.one()
    expect(first.steps).toBeUndefined()
    expect(await hub.step(first, done('pay', { id: 7 }))).toMatchObject({ outcome: 'owned' })
    await hub.fail(first, true)
    await hub.pass(2_000)
    const second = await hub.one()
    expect(recordOfStep(second, 'pay')).toMatchObject({ kind: 'step', state: 'done', output: { id: 7 } })
  })

  it('has one result, whoever tells another later', async () => {
    const hub = await createFlowHub()
    await hub.submit()
    const first = await hub.one()
    await hub.step(first, done('pay', 1))
    const again = await hub.step(first, done('pay', 2))
    expect(again.records).toMatchObject([{ id: 'pay', output: 1 }])
    expect((await hub.step(first, failedStep)).records).toMatchObject([{ state: 'done', output: 1 }])
  })

  it('that failed for good stays so until the task is begun anew by hand', async () => {
    const hub = await createFlowHub()
    const id = await hub.submit()
    const first = await hub.one()
    await hub.step(first, done('reserve', 'r1'))
    expect(await hub.step(first, failedStep)).toMatchObject({ outcome: 'owned', records: [{ state: 'failed' }] })
    await hub.fail(first, true)
    await hub.pass(2_000)
    const second = await hub.one()
    expect(recordOfStep(second, 'pay')).toMatchObject({ state: 'failed', error: { code: 'declined' } })
    await hub.fail(second)
    await hub.retry(id)
    const third = await hub.one()
    expect(recordOfStep(third, 'pay')).toBeUndefined()
    expect(recordOfStep(third, 'reserve')).toMatchObject({ state: 'done' })
    expect((await hub.step(third, done('pay', 'p1'))).records).toMatchObject([{ state: 'done', output: 'p1' }])
  })

  it('of a run that lost its task is not remembered as failed', async () => {
    const hub = await createFlowHub()
    const id = await hub.submit()
    const zombie = await hub.one()
    await hub.pass(200_000)
    const successor = await hub.one()
    expect(successor.task.id).toBe(id)
    expect(await hub.step(zombie, failedStep)).toMatchObject({ outcome: 'lost' })
    expect((await hub.step(successor, done('pay', 'p1'))).records).toMatchObject([{ state: 'done' }])
  })

  it('is gone with its task', async () => {
    const hub = await createFlowHub()
    const id = await hub.submit()
    const grant = await hub.one()
    await hub.step(grant, done('pay', 1), { kind: 'open', wait: { kind: 'sleep', id: 'nap', until: 9e12 } })
    await hub.succeed(grant)
    await hub.follow()
    const { removeTask } = await import('#core/tasks/change')
    expect(await removeTask(hub.world, id)).toEqual({ kind: 'removed' })
    await hub.follow()
    expect([...hub.world.memory.table.all()].filter(({ pk }) => pk.includes(id))).toEqual([])
  })
})
