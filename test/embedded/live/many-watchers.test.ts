import { expect, it } from 'vitest'
import { watchersPk } from '#core/keys'
import { scopeKey } from '#core/live/scope'
import { patchTask } from '#core/tasks/change'
import { type LiveWatcher, openLiveHub, watchUrl } from '../../support/live-hub.ts'
import { taskScope } from '../../support/live-world.ts'
import { until } from '../../support/until.ts'

const connections = 10_000
const atOnce = 200
const tasks = 20

it('10,000 connections that open and drop leave nothing, and the hub goes on', { timeout: 300_000 }, async () => {
  await using live = await openLiveHub()
  const heads = await Promise.all(Array.from({ length: tasks }, () => live.task()))
  const urls = await Promise.all(heads.map((head) => live.urlFor(taskScope(head))))
  let seen = 0
  for (let from = 0; from < connections; from += atOnce) {
    const wave = Array.from({ length: atOnce }, (_, index) => watchUrl(urls[index % tasks]?.url ?? ''))
    // Every fourth goes before anything was said to it.
    await until('the first states', () => wave.every(({ said }, index) => index % 4 === 0 || said.length > 0), 60_000)
    seen += wave.filter(({ said }) => said[0]?.type === 'task').length
    for (const [index, { socket }] of wave.entries()) drop(socket, index)
  }
  expect(seen).toBeGreaterThanOrEqual((connections * 3) / 4)
  const pks = heads.map((each) => watchersPk(scopeKey(live.world.ids, taskScope(each))))
  const left = async () =>
    (await Promise.all(pks.map((pk) => live.world.store.list({ pk, limit: 1 })))).flatMap(({ items }) => items)
  await until('no connection left', async () => (await left()).length === 0, 60_000)
  const [head] = heads
  const watcher = watchUrl(urls[0]?.url ?? '')
  await until('the first state', () => watcher.said.length > 0)
  const writtenMs = performance.now()
  await patchTask(live.world, { taskId: head?.id ?? '', by: 'ann', fields: { subject: 'still here' } })
  await until('the change', () => watcher.said.at(-1)?.task.subject === 'still here', 5_000)
  expect(performance.now() - writtenMs).toBeLessThan(1_000)
  expect(live.failures).toEqual([])
})

/** With a goodbye, without one, and in the middle of what is sent. */
function drop(socket: LiveWatcher['socket'], index: number): void {
  if (index % 2 === 0) socket.terminate()
  else socket.close()
}
