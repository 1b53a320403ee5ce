import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { expect, it } from 'vitest'
import { cancelTask, patchTask } from '#core/tasks/change'
import { createLiveServer } from '../../../embedded/live/live-server.ts'
import { createPusher } from '../../../embedded/live/pusher.ts'
import { created } from '../../core/tasks/fixtures.ts'
import { watchUrl } from '../../support/live-hub.ts'
import { createLiveWorld, statesOf, taskScope } from '../../support/live-world.ts'
import { until } from '../../support/until.ts'

it('what moves while a push is under way waits as one state, and the feed does not wait at all', async () => {
  const { world, parts, sockets, watch, changes } = await createLiveWorld()
  const head = await created(world)
  const watcher = await watch(taskScope(head))
  const releases: (() => void)[] = []
  const slow = {
    ...sockets,
    send: async (...said: Parameters<typeof sockets.send>) => {
      await new Promise<void>((resolve) => releases.push(resolve))
      return sockets.send(...said)
    },
  }
  const pusher = createPusher({ ...parts, sockets: slow }, (error) => expect.fail(String(error)))
  await changes()
  for (let round = 0; round < 200; round++) {
    await patchTask(world, { taskId: head.id, by: 'ann', fields: { subject: `round ${round}` } })
    pusher.take(await changes(), Promise.resolve())
  }
  await until('the first push', () => releases.length === 1)
  releases[0]?.()
  await until('the second', () => releases.length === 2)
  releases[1]?.()
  await pusher.settled()
  expect(watcher.said.slice(1).map(({ task }) => task.subject)).toEqual(['round 0', 'round 199'])
})

it('the look for watchers of a subject waits for the row of the task, a task that is watched waits for nothing', async () => {
  const { world, parts, watch, changes } = await createLiveWorld()
  const head = await created(world)
  const [ofTask, ofUser] = [await watch(taskScope(head)), await watch({ kind: 'user', value: 'u' })]
  await changes()
  const pusher = createPusher(parts, (error) => expect.fail(String(error)))
  await cancelTask(world, { taskId: head.id, by: 'ann' })
  let written: () => void = () => undefined
  const rows = new Promise<void>((resolve) => {
    written = resolve
  })
  pusher.take(await changes(), rows)
  await pusher.settled()
  expect(statesOf(ofTask)).toEqual(['queued', 'canceled', 'end'])
  await created(world, { task: { userId: 'u' } })
  pusher.take(await changes(), rows)
  expect(ofUser.said).toEqual([])
  written()
  await pusher.settled()
  expect(statesOf(ofUser)).toEqual(['queued'])
})

it('beyond the most of a hub nobody is let in, until somebody goes', async () => {
  const { world, tokenOf } = await createLiveWorld()
  const failures: unknown[] = []
  const live = createLiveServer({ world, onFailed: (error) => void failures.push(error), most: 3 })
  const server = createServer().on('upgrade', (incoming, socket) => live.accept(incoming, socket as Socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { token } = await tokenOf(taskScope(await created(world)))
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/v1/live?token=${token}`
  const three = [watchUrl(url), watchUrl(url), watchUrl(url)]
  await until('three', () => three.every(({ said }) => said.length === 1))
  expect(await watchUrl(url).over).toEqual({ status: 503 })
  three[0]?.socket.close()
  await until('a free place', () => live.parts.sockets.size === 2)
  const fourth = watchUrl(url)
  await until('the fourth', () => fourth.said.length === 1)
  for (const { socket } of [...three, fourth]) socket.terminate()
  server.close()
  expect(failures).toEqual([])
})
