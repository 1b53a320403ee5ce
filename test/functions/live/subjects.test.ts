import { describe, expect, it } from 'vitest'
import type { Scope } from '#core/live/scope'
import { cancelTask, patchTask, retryTask } from '#core/tasks/change'
import { readHead } from '#core/tasks/move'
import { created } from '../../core/tasks/fixtures.ts'
import { createLiveWorld, statesOf } from '../../support/live-world.ts'

const user: Scope = { kind: 'user', value: 'u-1 #ü' }
const ofUser = { task: { userId: 'u-1 #ü' } }
const dayMs = 86_400_000

describe('who watches a user', () => {
  it('is shown the tasks that are open or ended lately, and none of another user', async () => {
    const { world, watch, follow } = await createLiveWorld()
    const old = await created(world, ofUser)
    await cancelTask(world, { taskId: old.id, by: 'ann' })
    await world.clock.advance(dayMs + 1)
    const [open, ended] = [await created(world, ofUser), await created(world, ofUser)]
    await cancelTask(world, { taskId: ended.id, by: 'ann' })
    await created(world, { task: { userId: 'u-1 #u' } })
    await created(world, { task: { accountId: 'u-1 #ü' } })
    await follow()
    const watcher = await watch(user)
    const shown = Object.fromEntries(watcher.said.map(({ task }) => [task.id, task.status]))
    expect(shown).toEqual({ [open.id]: 'queued', [ended.id]: 'canceled' })
  })

  it('sees a task that is born later, what becomes of it, and stays connected at its end', async () => {
    const { world, watch, follow } = await createLiveWorld()
    const watcher = await watch(user)
    const head = await created(world, ofUser)
    await follow()
    await patchTask(world, { taskId: head.id, by: 'ann', fields: { subject: 'x' } })
    await follow()
    await cancelTask(world, { taskId: head.id, by: 'ann' })
    await follow()
    expect(statesOf(watcher)).toEqual(['queued', 'queued', 'canceled'])
    expect(watcher.closed).toBeUndefined()
  })

  it('sees one that is given to the user later, and not what becomes of one that was taken from him', async () => {
    const { world, watch, follow } = await createLiveWorld()
    const watcher = await watch(user)
    const head = await created(world)
    await follow()
    expect(watcher.said).toEqual([])
    await patchTask(world, { taskId: head.id, by: 'ann', fields: { userId: 'u-1 #ü' } })
    await follow()
    expect(statesOf(watcher)).toEqual(['queued'])
    await patchTask(world, { taskId: head.id, by: 'ann', fields: { userId: 'u-2' } })
    await follow()
    expect(watcher.said.length).toBe(1)
  })

  it('sees one that is begun anew by hand, though what has ended bears no mark', async () => {
    const { world, watch, follow } = await createLiveWorld()
    const head = await created(world, ofUser)
    await cancelTask(world, { taskId: head.id, by: 'ann' })
    await follow()
    const watcher = await watch(user)
    expect((await readHead(world, head.id))?.watched).toBeUndefined()
    await retryTask(world, { taskId: head.id, by: 'ann' })
    await follow()
    expect(statesOf(watcher)).toEqual(['canceled', 'queued'])
  })

  it('sees no task that is unlisted', async () => {
    const { world, watch, follow } = await createLiveWorld()
    const before = await created(world, { task: { ...ofUser.task, unlisted: true } })
    await follow()
    const watcher = await watch(user)
    await created(world, { task: { ...ofUser.task, unlisted: true } })
    await patchTask(world, { taskId: before.id, by: 'ann', fields: { subject: 'x' } })
    await follow()
    expect(watcher.said).toEqual([])
  })

  it('is shown the newest of many, and marks only those', async () => {
    const { world, watch, follow } = await createLiveWorld()
    const heads = []
    for (let count = 0; count < 60; count++) {
      heads.push(await created(world, ofUser))
      await world.clock.advance(1)
    }
    await follow()
    const watcher = await watch(user)
    const newest = heads.slice(10).map(({ id }) => id)
    expect(watcher.said.map(({ task }) => task.id).sort()).toEqual(newest.sort())
    const marked = await Promise.all(heads.map(async ({ id }) => (await readHead(world, id))?.watched !== undefined))
    expect(marked.filter(Boolean).length).toBe(50)
  })

  it('makes a second watcher of the same user cost no write of a head', async () => {
    const { world, watch, follow } = await createLiveWorld()
    const head = await created(world, ofUser)
    await follow()
    await watch(user)
    const marked = await readHead(world, head.id)
    await world.clock.advance(50 * 60_000)
    const second = await watch(user)
    expect((await readHead(world, head.id))?.n).toBe(marked?.n)
    expect(second.said[0].version).toContain(`.000000000${marked?.n}`)
  })
})

it('a correlation has the task that it is named after, and all that name it', async () => {
  const { world, watch, follow } = await createLiveWorld()
  const root = await created(world)
  await follow()
  const watcher = await watch({ kind: 'correlation', value: root.id })
  expect(statesOf(watcher)).toEqual(['queued'])
  const part = await created(world, { task: { correlationId: root.id } })
  await follow()
  await cancelTask(world, { taskId: root.id, by: 'ann' })
  await follow()
  expect(watcher.said.map(({ task }) => [task.id, task.status])).toEqual([
    [root.id, 'queued'],
    [part.id, 'queued'],
    [root.id, 'canceled'],
  ])
})

it('the watchers of an account are listed once a batch, however many of its tasks have changed', async () => {
  const { world, watch, reads, changes, push } = await createLiveWorld()
  const watcher = await watch({ kind: 'account', value: 'a-1' })
  await changes()
  for (let count = 0; count < 20; count++) await created(world, { task: { accountId: 'a-1' } })
  const born = await changes()
  reads.length = 0
  await push(born)
  expect(watcher.said.length).toBe(20)
  expect(reads.filter((pk) => pk.startsWith('WS#')).length).toBe(2)
})
