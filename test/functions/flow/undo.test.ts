import { describe, expect, it } from 'vitest'
import { limits, spans } from '#core/contract/limits'
import { writeSignal } from '#core/flow/signals'
import { patchTask } from '#core/tasks/change'
import { iso } from '#core/wire'
import { waitingFor } from '#core/workers/view'
import { readShownSteps } from '#functions/api/shown-steps'
import { createFlowHub, done, recordOfStep } from './flow-hub.ts'

/** A task whose command runs on cancel: canceled between two runs it is run once more, to undo what it did. */

const wait = { kind: 'signal', id: 'approval', name: 'approved' } as const

async function waiting(signal: object = {}) {
  const hub = await createFlowHub()
  const id = await hub.submit({}, { runsOnCancel: true })
  const first = await hub.one()
  await hub.step(first, done('reserve', 'r1'))
  await hub.suspend(first, { ...wait, ...signal })
  await hub.follow()
  return { hub, id }
}

type Hub = Awaited<ReturnType<typeof createFlowHub>>
type Run = Awaited<ReturnType<Hub['one']>>

const stop = (hub: Hub, { task, run, ticket }: Run) =>
  hub.say('complete', { ends: [{ kind: 'stop', taskId: task.id, run, ticket }] })
const handBack = (hub: Hub, { task, run, ticket }: Run) =>
  hub.say('release', { reason: 'leaving', runs: [{ taskId: task.id, run, ticket }] })

describe('a task that may have something to undo', () => {
  it('is run once more when it is canceled in a wait, with all that it remembers, and ends canceled', async () => {
    const { hub, id } = await waiting()
    expect(await hub.cancel(id)).toMatchObject({ kind: 'moved', head: { status: 'queued', cancel: { by: 'ann' } } })
    expect(await waitingFor(hub.world, await hub.head(id))).toMatchObject({
      message: expect.stringMatching(/^canceled, and to be run once more to undo what it did: /),
      until: expect.any(String),
    })
    const run = await hub.one()
    expect(run).toMatchObject({ undo: 'canceled' })
    expect(recordOfStep(run, 'reserve')).toMatchObject({ state: 'done', output: 'r1' })
    expect(await hub.step(run, done('release', null))).toMatchObject({
      outcome: 'cancel',
      records: [{ id: 'release' }],
    })
    expect(await hub.suspend(run, wait)).toMatchObject({ outcome: 'cancel' })
    await stop(hub, run)
    const ended = await hub.head(id)
    expect(ended).toMatchObject({ status: 'canceled', statusCode: 499 })
    const approval = (await readShownSteps(hub.world, ended)).find((step) => step.id === 'approval')
    expect(approval).toMatchObject({ state: 'open', endedAt: iso(ended.stoppedAt ?? 0) })
  })

  it('is canceled at once while nothing of it has run', async () => {
    const hub = await createFlowHub()
    const id = await hub.submit({}, { runsOnCancel: true })
    expect(await hub.cancel(id)).toMatchObject({ head: { status: 'canceled' } })
    expect(await hub.receive()).toEqual([])
  })

  it('is told so with the grant of each later run, so that its instance does not drop it unseen', async () => {
    const { hub, id } = await waiting()
    await hub.world.clock.advance(1)
    await writeSignal(hub.world, { taskId: id, name: 'approved', id: 's1', by: 'ann', data: true })
    await hub.follow()
    expect(await hub.one()).toMatchObject({ undo: 'if-canceled' })
  })

  it('of a pause before a retry gets its run at once', async () => {
    const hub = await createFlowHub()
    const retry = { maxRuns: 3, minSeconds: 3_000, maxSeconds: 3_000, factor: 1, jitter: 'none' as const }
    const id = await hub.submit({ retry }, { runsOnCancel: true })
    await hub.fail(await hub.one(), true)
    expect(await hub.head(id)).toMatchObject({ status: 'waiting' })
    await hub.cancel(id)
    expect(await hub.one()).toMatchObject({ undo: 'canceled' })
  })

  it('has its time to undo again from the start of the run', async () => {
    const { hub, id } = await waiting()
    await hub.cancel(id)
    await hub.pass(10 * 60_000)
    await hub.one()
    const { cancel } = await hub.head(id)
    expect(cancel?.graceUntil).toBeGreaterThan(hub.world.clock.now() + spans.cancelGraceMs - 2_000)
    await hub.pass(2 * 60_000)
    expect(await hub.head(id)).toMatchObject({ status: 'canceled' })
  })

  it('is canceled for good when no instance takes it in time', async () => {
    const { hub, id } = await waiting()
    await hub.cancel(id)
    await hub.pass(spans.cancelStartMs - 60_000)
    expect(await hub.head(id)).toMatchObject({ status: 'queued' })
    await hub.pass(3 * 60_000)
    expect(await hub.head(id)).toMatchObject({ status: 'canceled' })
    expect(await hub.receive()).toEqual([])
  })

  it('gets another run when an instance leaves in the middle, and not for ever', async () => {
    const { hub, id } = await waiting()
    await hub.cancel(id)
    await handBack(hub, await hub.one())
    expect(await hub.head(id)).toMatchObject({ status: 'queued', cancel: { by: 'ann' } })
    for (let count = 1; count <= limits.interruptions; count++) await handBack(hub, await hub.one())
    expect(await hub.head(id)).toMatchObject({ status: 'canceled' })
  })

  it('is asked once: a second cancel changes nothing, and neither does another start time', async () => {
    const { hub, id } = await waiting()
    await hub.cancel(id)
    expect(await hub.cancel(id)).toMatchObject({ kind: 'refused', reason: 'cancel-asked' })
    const fields = { startAfter: hub.world.clock.now() + 3_600_000 }
    expect(await patchTask(hub.world, { taskId: id, by: 'ann', fields })).toMatchObject({ kind: 'refused' })
  })

  it('that is a sub task undoes when its parent ends', async () => {
    const hub = await createFlowHub()
    const parentId = await hub.submit()
    const parent = await hub.one()
    const tasks = [{ command: 'mill.undo' }]
    const told = await hub.step(parent, { kind: 'create', id: 'mill', count: 1, from: 0, tasks } as never)
    const child = await hub.one()
    await hub.suspend(child, wait)
    await hub.follow()
    await hub.fail(parent, false, true)
    await hub.follow()
    expect(await hub.head(parentId)).toMatchObject({ status: 'failed' })
    const undoing = await hub.one()
    expect(undoing).toMatchObject({ task: { id: told.ids?.[0] }, undo: 'canceled' })
    await stop(hub, undoing)
    await hub.follow()
    const ended = await hub.head(undoing.task.id)
    expect(ended).toMatchObject({ status: 'canceled' })
    expect(ended.expiresAt).toBeDefined()
  })
})

describe('a start window', () => {
  it('is no matter any more once a task has waited', async () => {
    const hub = await createFlowHub()
    const id = await hub.submit({ notStartAfter: { seconds: 60 } as never })
    await hub.suspend(await hub.one(), { kind: 'sleep', id: 'nap', until: hub.world.clock.now() + 3_600_000 })
    await hub.pass(3_700_000)
    await hub.succeed(await hub.one(), 'late')
    expect(await hub.head(id)).toMatchObject({ status: 'succeeded' })
  })
})
