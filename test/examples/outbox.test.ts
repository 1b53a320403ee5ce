import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Client } from '#client/index'
import { toManifest } from '#worker-runtime/index'
import { type Database, openDatabase } from '../../examples/outbox/database.ts'
import { placeOrder } from '../../examples/outbox/place-order.ts'
import { relay } from '../../examples/outbox/relay.ts'
import { runRelay } from '../../examples/outbox/run-relay.ts'
import worker from '../../examples/outbox/worker.ts'
import { clientOf, keysOf, makeFolder, type OpenHubProcess, plainEnv, startHub } from '../support/hub-process.ts'
import { repository } from '../support/repository.ts'
import { until } from '../support/until.ts'

let folder: Awaited<ReturnType<typeof makeFolder>>
let hub: OpenHubProcess
let databaseFolder: string

beforeEach(async () => {
  folder = await makeFolder()
  databaseFolder = join(folder.path, 'shop')
  hub = await startHub({ folder: join(folder.path, 'hub') })
  await register(hub.client)
}, 90_000)

afterEach(async () => {
  await hub?.[Symbol.asyncDispose]()
  await folder?.[Symbol.asyncDispose]()
})

/** The hub knows the command; nobody needs to run it here. */
const register = (client: Client) => client.putWorker('confirmations', { manifest: toManifest(worker) })

async function withDatabase<T>(use: (database: Database) => Promise<T>): Promise<T> {
  const database = await openDatabase(databaseFolder)
  try {
    return await use(database)
  } finally {
    await database.close()
  }
}

async function dieAt(point: string, orderId: string): Promise<string | number | null> {
  const { accessKeyId, secretAccessKey } = keysOf(join(folder.path, 'hub'))
  const keys = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_REGION: 'local' }
  const args = ['--import', 'tsx', 'test/fixtures/outbox-child.ts', databaseFolder, point, orderId]
  const child = spawn(process.execPath, args, {
    cwd: repository,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: plainEnv({ ...keys, TASKURAI_ENDPOINT: hub.at }),
  })
  return new Promise((resolve) => child.once('close', (code, signal) => resolve(signal ?? code)))
}

const tasksOf = async () => {
  const tasks = []
  for await (const task of hub.client.listAll({ command: 'order.confirm' })) tasks.push(task.arguments)
  return tasks
}

/** The list is told of new tasks a moment later. */
const listed = (count: number) => until(`${count} tasks`, async () => (await tasksOf()).length >= count)

test('a shop that dies between its commit and the submit submits later, once', { timeout: 120_000 }, async () => {
  expect(await dieAt('before-commit', 'o-never')).toBe('SIGKILL')
  expect(await dieAt('after-commit', 'o-1')).toBe('SIGKILL')
  await withDatabase(async (database) => {
    expect((await database.query('select id from orders')).rows).toEqual([{ id: 'o-1' }])
    expect(await relay(database, hub.client)).toBe(1)
    expect(await relay(database, hub.client)).toBe(0)
  })
  await listed(1)
  expect(await tasksOf()).toEqual([{ orderId: 'o-1' }])
})

test('a shop that dies before it notes the answer submits again, and there is one task', {
  timeout: 120_000,
}, async () => {
  expect(await dieAt('after-submit', 'o-2')).toBe('SIGKILL')
  await listed(1)
  await withDatabase(async (database) => {
    expect(await relay(database, hub.client)).toBe(1)
    const { rows } = await database.query<{ task_id: string }>('select task_id from outbox')
    expect(await hub.client.get(rows[0]?.task_id ?? '')).toMatchObject({ arguments: { orderId: 'o-2' } })
    await placeOrder(database, { id: 'o-3', customer: 'Bo' })
    await relay(database, hub.client)
  })
  await listed(2)
  expect(await tasksOf()).toHaveLength(2)
})

test('a row that no hub will take does not hold up the others, and a hub that is away costs nothing', {
  timeout: 120_000,
}, async () => {
  await withDatabase(async (database) => {
    await placeOrder(database, { id: '', customer: 'Nobody' })
    await placeOrder(database, { id: 'o-4', customer: 'Cy' })
    const away = clientOf(join(folder.path, 'hub'), 'http://127.0.0.1:9', { tries: 1 })
    await expect(relay(database, away)).rejects.toThrow()
    const stop = new AbortController()
    const running = runRelay(database, hub.client, stop.signal)
    await listed(1)
    stop.abort()
    await running
    const { rows } = await database.query(
      'select arguments, task_id is null as open, refusal from outbox order by place',
    )
    expect(rows).toMatchObject([
      { arguments: { orderId: '' }, open: true, refusal: expect.stringContaining('orderId') },
      { arguments: { orderId: 'o-4' }, open: false, refusal: null },
    ])
  })
})
