import { expect, test } from 'vitest'
import type { Client } from '#client/index'
import { freePort } from '../support/free-port.ts'
import { makeFolder, startHub } from '../support/hub-process.ts'
import { until } from '../support/until.ts'

/** Workflows outlive their hub: it is killed in the middle of them, and another one on the same folder goes on. */

const workers = ['flows']
const most = { timeoutSeconds: 60 }

async function suspended(client: Client, id: string): Promise<void> {
  await until('it waits', async () => (await client.get(id)).status === 'suspended', 20_000)
}

test('sub tasks, sleeps and signals are waited for across kill -9', { timeout: 120_000 }, async () => {
  await using folder = await makeFolder()
  // The same one for both, so that the instance of the first finds the second.
  const port = await freePort()
  const first = await startHub({ folder: folder.path, workers, port })
  const { client } = first
  const fan = await client.submit('flows.slow', { count: 40, holdMs: 200 })
  const nap = await client.submit('flows.nap', { seconds: 6 })
  const approval = await client.submit('flows.approval')
  const early = await client.submit('flows.both')
  for (const { id } of [fan, nap, approval, early]) await suspended(client, id)
  await client.signal(early.id, 'go', 'before the crash')
  first.kill('SIGKILL')
  await first.exited

  await using second = await startHub({ folder: folder.path, workers, port })
  await second.client.signal(approval.id, 'approved', { by: 'ann' })
  const ends = await Promise.all([fan, nap, approval, early].map(({ id }) => second.client.wait(id, most)))
  expect(ends.map(({ status }) => status)).toEqual(Array(4).fill('succeeded'))
  const [, napped, approved, both] = ends.map(({ result }) => result?.output as { sleptMs?: number })
  expect(napped?.sleptMs).toBeLessThan(20_000)
  expect(approved).toEqual({ approvedBy: 'ann' })
  expect(both).toEqual({ data: 'before the crash' })
  const { tasks } = await second.client.children(fan.id, { limit: 100 })
  expect(tasks).toHaveLength(40)
})

test('an instance that is killed between two steps has done the first one once', { timeout: 120_000 }, async () => {
  await using folder = await makeFolder()
  await using hub = await startHub({ folder: folder.path, workers })
  const { id } = await hub.client.submit('flows.fatal')
  const ended = await hub.client.wait(id, most)
  expect(ended).toMatchObject({ status: 'succeeded', crashCount: 1 })
  const output = ended.result?.output as unknown as { first: number; pid: number }
  expect(output.first).not.toBe(output.pid)
})
