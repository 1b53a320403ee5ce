import { expect, it } from 'vitest'
import { cancelTask } from '#core/tasks/change'
import { inTime, nobody } from '#functions/live/in-time'
import { createPushChanges } from '#functions/live/push'
import { repeatPush } from '#functions/live/repeat-push'
import { created } from '../../core/tasks/fixtures.ts'
import { createLiveWorld, statesOf, taskScope } from '../../support/live-world.ts'

/** A function has a time at which it must be done, whoever watches. */

async function createEnding() {
  const live = await createLiveWorld()
  const head = await created(live.world)
  const watcher = await live.watch(taskScope(head))
  await live.changes()
  await cancelTask(live.world, { taskId: head.id, by: 'ann' })
  const changes = await live.changes()
  return { ...live, watcher, changes }
}

it('an end that comes too late for this call is left for the clock, which tells it', async () => {
  const { world, sockets, parts, watcher, changes, items } = await createEnding()
  await createPushChanges({ world, sockets: inTime(sockets, () => 9_000) })(changes)
  expect([statesOf(watcher), watcher.closed]).toEqual([['queued'], undefined])
  const [untold] = items('T#').filter(({ sk }) => sk.startsWith('RETRY#'))
  if (untold === undefined) throw new Error('nothing was left')
  await world.clock.advance(60_000)
  await repeatPush(parts, untold)
  expect([statesOf(watcher), watcher.closed]).toEqual([['queued', 'canceled', 'end'], 'ended'])
})

it('while there is time, all are told', async () => {
  const { world, sockets, watcher, changes } = await createEnding()
  await createPushChanges({ world, sockets: inTime(sockets, () => 11_000) })(changes)
  expect([statesOf(watcher), watcher.closed]).toEqual([['queued', 'canceled', 'end'], 'ended'])
})

it('a hub that was deployed without its endpoint tells nobody any more, and keeps no note', async () => {
  const { world, sockets, changes, items } = await createEnding()
  await createPushChanges({ world, sockets: inTime(sockets, () => 0) })(changes)
  const [untold] = items('T#').filter(({ sk }) => sk.startsWith('RETRY#'))
  await world.clock.advance(60_000)
  await repeatPush({ world, sockets: nobody }, untold ?? { pk: '', sk: '' })
  expect(items('T#').filter(({ sk }) => sk.startsWith('RETRY#'))).toEqual([])
  expect(items('WS#')).toEqual([])
})
