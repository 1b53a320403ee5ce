import { describe, expect, it } from 'vitest'
import type { OpenWait } from '#core/contract/steps'
import type { Grant } from '#core/contract/worker-protocol'
import { createFlowHub, done, type FlowHub, recordOfStep, retentionSeconds, subTasks } from './flow-hub.ts'

/** Tasks that make tasks, and wait for them without a slot. */

type OnFailure = 'fail' | 'continue' | 'first-success'

/** A parent that has called so many and is suspended, and the grants of its sub tasks. */
async function called(count: number, onFailure: OnFailure = 'fail', tasks: object[] = subTasks(count)) {
  const hub = await createFlowHub()
  const id = await hub.submit({
    correlationId: 'order-7',
    traceParent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  })
  const parent = await hub.one()
  const answer = await call(hub, parent, tasks, onFailure)
  expect(await hub.suspend(parent, waitFor(onFailure))).toMatchObject({ outcome: 'suspended' })
  await hub.follow()
  return { hub, id, parent, ids: answer.ids ?? [], children: await hub.receive() }
}

function call(hub: FlowHub, parent: Grant, tasks: object[], onFailure: OnFailure = 'fail') {
  const report = { kind: 'call', id: 'mill', count: tasks.length, from: 0, tasks, onFailure } as const
  return hub.step(parent, report as never)
}

function waitFor(onFailure: OnFailure): OpenWait {
  return { kind: 'wait', id: 'mill', of: [{ step: 'mill' }], onFailure }
}

describe('sub tasks', () => {
  it('inherit what belongs together, and are found under their parent', async () => {
    const { id, ids, children } = await called(2)
    expect(children.map(({ task }) => task.id).sort()).toEqual([...ids].sort())
    for (const { task } of children) {
      expect(task).toMatchObject({
        parentId: id,
        rootId: id,
        correlationId: 'order-7',
        traceParent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      })
    }
  })

  it('end, and their parent goes on with their outputs in order', async () => {
    const { hub, id, children } = await called(3)
    expect((await hub.head(id)).run).toBeUndefined()
    for (const child of [...children].reverse()) await hub.succeed(child, child.task.arguments)
    await hub.follow()
    const woken = await hub.one()
    const outputs = [{ stone: 0 }, { stone: 1 }, { stone: 2 }]
    expect(recordOfStep(woken, 'mill')).toMatchObject({ kind: 'call', state: 'done', output: { count: 3, outputs } })
  })

  it('are the same for a zombie and its successor', async () => {
    const hub = await createFlowHub()
    await hub.submit()
    const zombie = await hub.one()
    const first = await call(hub, zombie, subTasks(3))
    await hub.pass(200_000)
    const successor = (await hub.receive()).find(({ task }) => task.parentId === undefined) as Grant
    expect((await call(hub, successor, subTasks(3))).ids).toEqual(first.ids)
    expect(await call(hub, successor, [...subTasks(2), { command: 'mill.bake' }])).toMatchObject({ outcome: 'refused' })
  })

  it('are held to what their commands take, as any task', async () => {
    const hub = await createFlowHub()
    await hub.submit()
    const parent = await hub.one()
    const bad = await call(hub, parent, [{ command: 'mill.grind', arguments: { stone: 'round' } }])
    expect(bad).toMatchObject({ outcome: 'refused', message: expect.stringContaining('/tasks/0/arguments/stone') })
    expect(await call(hub, parent, [{ command: 'nobody.has' }])).toMatchObject({ outcome: 'refused' })
    await hub.succeed(parent)
  })

  it('show how far they are on the parent that waits', async () => {
    const { hub, id, children } = await called(20, 'continue')
    for (const child of children.slice(0, 7)) {
      await hub.succeed(child)
      await hub.follow()
    }
    const { progress, n } = await hub.head(id)
    expect(progress).toMatchObject({ percent: 30, message: 'mill: 6 of 20 sub tasks have ended' })
    expect(n).toBeLessThan(8)
  })
})

describe('a failed sub task', () => {
  it('ends the wait at once where nothing else was said', async () => {
    const { hub, children, ids } = await called(3)
    await hub.fail(children[1] as Grant)
    await hub.follow()
    const record = recordOfStep(await hub.one(), 'mill')
    expect(record).toMatchObject({ state: 'failed', error: { code: 'sub-task-failed', retryable: false } })
    expect(record?.error?.message).toContain(ids[ids.indexOf(children[1]?.task.id ?? '')])
  })

  it('is one of the outcomes where the others count', async () => {
    const { hub, children } = await called(3, 'continue')
    await hub.fail(children[0] as Grant)
    await hub.follow()
    expect(await hub.receive()).toEqual([])
    for (const child of children.slice(1)) await hub.succeed(child, 'flour')
    await hub.follow()
    const record = recordOfStep(await hub.one(), 'mill')
    expect(record).toMatchObject({ state: 'done', output: { failedCount: 1, failed: [{ status: 'failed' }] } })
  })

  it('matters to a race only if it was the last', async () => {
    const { hub, children } = await called(3, 'first-success')
    await hub.fail(children[0] as Grant)
    await hub.follow()
    await hub.succeed(children[2] as Grant, 'flour')
    await hub.follow()
    const { output } = recordOfStep(await hub.one(), 'mill') ?? {}
    expect(output).toMatchObject({ outputs: ['flour'] })
    const lost = await called(2, 'first-success')
    for (const child of lost.children) await lost.hub.fail(child)
    await lost.hub.follow()
    expect(recordOfStep(await lost.hub.one(), 'mill')).toMatchObject({ state: 'failed' })
  })
})

describe('the end of a parent', () => {
  it('cancels what is open, all the way down, and leaves alone what was detached', async () => {
    const tasks = [{ command: 'mill.grind' }, { command: 'mill.bake', onParentEnd: 'detach' }]
    const { hub, id, children } = await called(2, 'fail', tasks)
    const grind = children.find(({ task }) => task.command === 'mill.grind') as Grant
    const bake = children.find(({ task }) => task.command === 'mill.bake') as Grant
    const deep = await call(hub, grind, subTasks(2))
    await hub.suspend(grind, waitFor('fail'))
    await hub.cancel(id)
    await hub.follow()
    expect(await hub.head(grind.task.id)).toMatchObject({ status: 'canceled' })
    for (const each of deep.ids ?? []) expect(await hub.head(each)).toMatchObject({ status: 'canceled' })
    expect(await hub.head(bake.task.id)).toMatchObject({ status: 'running' })
    await hub.succeed(bake)
    expect((await hub.head(bake.task.id)).expiresAt).toBeDefined()
  })

  it('asks a sub task that runs to stop', async () => {
    const { hub, id, children } = await called(1)
    await hub.cancel(id)
    await hub.follow()
    expect(await hub.head(children[0]?.task.id ?? '')).toMatchObject({
      status: 'running',
      cancel: { reason: 'its parent ended' },
    })
    await hub.pass(61_000)
    expect(await hub.head(children[0]?.task.id ?? '')).toMatchObject({ status: 'canceled' })
  })

  it('reaches a sub task that is made after it', async () => {
    const hub = await createFlowHub()
    const id = await hub.submit()
    const parent = await hub.one()
    await hub.cancel(id)
    const { ids = [], outcome } = await call(hub, parent, subTasks(2))
    expect(outcome).toBe('owned')
    for (const each of ids) expect(await hub.head(each)).toMatchObject({ status: 'canceled' })
  })

  it('that nobody followed up is made good by the clock', async () => {
    const { hub, id, children } = await called(1)
    await hub.cancel(id)
    await hub.world.clock.advance(1_000)
    await hub.tick()
    expect((await hub.head(children[0]?.task.id ?? '')).cancel).toBeDefined()
    expect((await hub.head(id)).flow?.owes).toBeUndefined()
  })

  it('begins the retention of its sub tasks, which nothing ends while it is open', async () => {
    const { hub, id, children } = await called(2, 'continue', subTasks(2, { retentionSeconds: 60 }))
    await hub.succeed(children[0] as Grant, 'flour')
    await hub.follow()
    await hub.pass(600_000)
    expect((await hub.head(children[0]?.task.id ?? '')).expiresAt).toBeUndefined()
    await hub.succeed(children[1] as Grant, 'bran')
    await hub.follow()
    const woken = await hub.one()
    await hub.succeed(woken, 'done', true)
    await hub.follow()
    const parent = await hub.head(id)
    expect(parent.expiresAt).toBe((parent.stoppedAt ?? 0) + retentionSeconds * 1_000)
    for (const { task } of children) expect((await hub.head(task.id)).expiresAt).toBe(parent.expiresAt)
  })
})

describe('a parent begun anew by hand', () => {
  it('keeps what succeeded and repeats what did not', async () => {
    const { hub, id, children } = await called(3)
    await hub.succeed(children[0] as Grant, 'flour')
    await hub.fail(children[1] as Grant)
    await hub.succeed(children[2] as Grant, 'bran')
    await hub.follow()
    const woken = await hub.one()
    await hub.step(woken, done('note', 1))
    await hub.fail(woken, false, true)
    await hub.follow()
    await hub.retry(id)
    const again = await hub.one()
    expect(recordOfStep(again, 'mill')).toBeUndefined()
    await call(hub, again, subTasks(3))
    await hub.suspend(again, waitFor('fail'))
    await hub.follow()
    const repeated = await hub.one()
    expect(repeated.task.id).toBe(children[1]?.task.id)
    await hub.succeed(repeated, 'grist')
    await hub.follow()
    const last = recordOfStep(await hub.one(), 'mill')
    expect(last).toMatchObject({ state: 'done', output: { failedCount: 0 } })
  })

  it('makes a new task where it asks for something else', async () => {
    const { hub, id, children } = await called(2)
    await hub.fail(children[0] as Grant)
    await hub.succeed(children[1] as Grant)
    await hub.follow()
    await hub.fail(await hub.one(), false, true)
    await hub.follow()
    await hub.retry(id)
    const again = await hub.one()
    const [first] = children as readonly [Grant, Grant]
    const { stone: place } = first.task.arguments as { stone: number }
    const changed = subTasks(2).map((task, index) => (index === place ? { ...task, arguments: { stone: 9 } } : task))
    const { ids = [] } = await call(hub, again, changed)
    expect(ids[place]).not.toBe(children[0]?.task.id)
    expect(ids[1 - place]).toBe(children[1]?.task.id)
    await hub.suspend(again, waitFor('fail'))
    await hub.follow()
    await hub.succeed(await hub.one())
    await hub.follow()
    expect(recordOfStep(await hub.one(), 'mill')).toMatchObject({ state: 'done' })
  })
})

describe('created sub tasks', () => {
  it('can be waited for later, all or some', async () => {
    const hub = await createFlowHub()
    await hub.submit()
    const parent = await hub.one()
    const made = await hub.step(parent, { kind: 'create', id: 'mill', count: 3, from: 0, tasks: subTasks(3) } as never)
    expect(made.records).toMatchObject([{ id: 'mill', kind: 'create', state: 'done', count: 3 }])
    await hub.follow()
    const children = await hub.receive()
    const second = children.find(({ task }) => task.id === made.ids?.[1]) as Grant
    const of = [{ step: 'mill', indexes: [1] }]
    await hub.suspend(parent, { kind: 'wait', id: 'one', of, onFailure: 'fail' })
    await hub.succeed(second, 'flour')
    await hub.follow()
    const woken = await hub.one()
    expect(recordOfStep(woken, 'one')).toMatchObject({ state: 'done', output: { count: 1, outputs: ['flour'] } })
  })
})
