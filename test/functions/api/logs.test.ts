import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { readHead } from '#core/tasks/move'
import { openTaskLogs } from '#embedded/task-logs'
import { createApi } from '#functions/api/app'
import { createCatalog } from '#functions/api/catalog'
import { react } from '#functions/reactor/reactor'
import { createApiWorld, createOrdersWorld, order } from './api-world.ts'

/** A door whose hub keeps logs as the embedded one does, in a folder of its own. */
async function startLogs() {
  const base = await createOrdersWorld()
  const folder = await mkdtemp(join(tmpdir(), 'taskurai-api-logs-'))
  const { clock, log } = base.world
  const logs = openTaskLogs({ folder, log, now: clock.now, readHead: (id) => readHead(base.world, id) })
  const world = Object.assign(base.world, { taskLogs: logs.port })
  const api = createApi({
    world,
    catalog: createCatalog(world),
    workerCalls: { call: async () => ({}) },
    authorize: () => ({ ok: true, principal: 'tester', allows: () => true }),
    events: { onTask: () => () => undefined },
  })
  let cursor: string | undefined
  return {
    ...base,
    folder: join(folder, 'logs'),
    take: async (line: string, worker = 'orders') => {
      logs.take(worker, line)
      await logs.settled()
    },
    get: async (path: string) => {
      const answer = await api.fetch(new Request(`http://hub${path}`))
      return { status: answer.status, json: JSON.parse(await answer.text()) }
    },
    react: async () => {
      const read = await base.world.memory.feed.read(cursor, 1_000)
      cursor = read.cursor
      await react(world, { nudgeScaler: () => undefined }, read.changes)
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

it('answers what the runs of a task printed, a page at a time', async () => {
  await using hub = await startLogs()
  const { id } = (await hub.call('POST', '/v1/tasks', order())).json
  expect((await hub.get(`/v1/tasks/${id}/logs`)).json).toEqual({ lines: [] })
  await hub.take(`order.read taskId=${id} run=1 orderId=o-1`)
  await hub.take(`error pdf.failed taskId=${id} run=2 why="no font"`)
  await hub.take('worker.gone why=idle')
  const first = await hub.get(`/v1/tasks/${id}/logs?limit=1`)
  const at = expect.stringMatching(/^\d{4}-.*Z$/)
  expect(first.json).toEqual({ lines: [{ at, level: 'info', run: 1, text: 'order.read orderId=o-1' }], cursor: '1' })
  expect((await hub.get(`/v1/tasks/${id}/logs?cursor=1`)).json).toEqual({
    lines: [{ at, level: 'error', run: 2, text: 'pdf.failed why="no font"' }],
    cursor: '2',
  })
})

it('takes nothing for tasks that are not there, and none from another worker', async () => {
  await using hub = await startLogs()
  const { id } = (await hub.call('POST', '/v1/tasks', order())).json
  await hub.take(`x taskId=${id}`, 'mail')
  await hub.take('x taskId=01K9Z0000000000000000000AB')
  await expect(readdir(hub.folder)).rejects.toThrow('ENOENT')
})

it('goes with its task, and the next life of the same id has none', async () => {
  await using hub = await startLogs()
  const key = { 'idempotency-key': 'k' }
  const { id } = (await hub.call('POST', '/v1/tasks', order(), key)).json
  await hub.runNext('orders')
  await hub.take(`of.the.first.life taskId=${id}`)
  await hub.react()
  expect((await hub.call('DELETE', `/v1/tasks/${id}`)).status).toBe(204)
  await hub.react()
  expect(await readdir(join(hub.folder, id.slice(-2)))).toEqual([])
  expect((await hub.get(`/v1/tasks/${id}/logs`)).status).toBe(404)
  expect((await hub.call('POST', '/v1/tasks', order(), key)).json.id).toBe(id)
  await hub.take(`of.the.second.life taskId=${id}`)
  expect((await hub.get(`/v1/tasks/${id}/logs`)).json.lines).toMatchObject([{ text: 'of.the.second.life' }])
})

it.each([
  ['a cursor that is none', '?cursor=x', 400, 'bad-cursor'],
  ['a limit beyond the page', '?limit=1001', 400, 'bad-request'],
  ['an unknown parameter', '?tail=1', 400, 'bad-request'],
])('refuses %s', async (_, query, status, code) => {
  await using hub = await startLogs()
  const { id } = (await hub.call('POST', '/v1/tasks', order())).json
  expect(await hub.get(`/v1/tasks/${id}/logs${query}`)).toMatchObject({ status, json: { code } })
})

it('an id that is none is not found, and a hub that keeps no logs has no such path', async () => {
  await using hub = await startLogs()
  expect((await hub.get('/v1/tasks/nonsense/logs')).status).toBe(404)
  const without = await createApiWorld()
  expect((await without.call('GET', '/v1/tasks/01K9Z0000000000000000000AB/logs')).status).toBe(404)
})
