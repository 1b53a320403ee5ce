import { describe, expect, it } from 'vitest'
import { cancelTask, patchTask, removeTask, retryTask } from '#core/tasks/change'
import { endRun } from '#core/tasks/end-run'
import { readHead } from '#core/tasks/move'
import { createMemoryWorld } from '../../support/memory-world.ts'
import { created, reacted, running, standing } from './fixtures.ts'

describe('what people change', () => {
  it('a queued task is canceled at once, a running one is asked', async () => {
    const world = createMemoryWorld()
    const { id } = await created(world)
    expect(await cancelTask(world, { taskId: id, by: 'bob', reason: 'no need' })).toMatchObject({
      head: { status: 'canceled' },
    })
    const { head } = await running(createMemoryWorld())
    expect(head.status).toBe('running')
    expect(await cancelTask(world, { taskId: id, by: 'bob' })).toMatchObject({
      kind: 'refused',
      reason: 'already-canceled',
    })
    expect(await cancelTask(world, { taskId: 'none', by: 'bob' })).toEqual({ kind: 'absent' })
  })

  it('a retry whose answer was lost happens once for each time it is asked for', async () => {
    const world = createMemoryWorld()
    const { id } = await created(world)
    await cancelTask(world, { taskId: id, by: 'bob' })
    world.upsets.push('after')
    await expect(retryTask(world, { taskId: id, by: 'bob' })).rejects.toThrow('lost')
    expect(await retryTask(world, { taskId: id, by: 'bob' })).toMatchObject({ kind: 'refused', reason: 'not-ended' })
    expect(await standing(world, id)).toMatchObject({ status: 'queued', n: 3 })
  })

  it('a patch meets a claim and is decided again on the running head', async () => {
    const world = createMemoryWorld()
    const { head } = await running(world)
    const fields = { subject: 'new', tags: { a: 'b' } }
    expect(await patchTask(world, { taskId: head.id, by: 'bob', fields })).toMatchObject({
      head: { ...fields, status: 'running' },
    })
    const times = await patchTask(world, { taskId: head.id, by: 'bob', fields: { startAfter: 0 } })
    expect(times).toMatchObject({ kind: 'refused', reason: 'already-running' })
  })

  it('only an ended task is removed, and with it what lies beside its head', async () => {
    const world = createMemoryWorld()
    const { head } = await running(world, { argumentsBytes: 5_000 })
    expect(await removeTask(world, head.id)).toEqual({ kind: 'not-ended' })
    await endRun(world, {
      taskId: head.id,
      run: 'run1',
      end: { kind: 'succeed', result: { output: 'x'.repeat(2_000) } },
    })
    expect(await removeTask(world, head.id)).toEqual({ kind: 'removed' })
    expect(await removeTask(world, head.id)).toEqual({ kind: 'absent' })
    expect(await readHead(world, head.id)).toBeUndefined()
    await reacted(world)
    expect([...world.memory.table.all()].filter((item) => item.pk.startsWith('T#'))).toEqual([])
  })

  it('a removal that meets a patch looks again', async () => {
    const world = createMemoryWorld()
    const { id } = await created(world)
    await cancelTask(world, { taskId: id, by: 'bob' })
    const { store } = world
    let patched = false
    const racing = {
      ...world,
      store: {
        ...store,
        commit: async (ask: Parameters<typeof store.commit>[0]) => {
          if (!patched && ask.write.kind === 'delete') {
            patched = true
            await patchTask(world, { taskId: id, by: 'ann', fields: { subject: 'x' } })
          }
          return store.commit(ask)
        },
      },
    }
    expect(await removeTask(racing, id)).toEqual({ kind: 'removed' })
  })
})
