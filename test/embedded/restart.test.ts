import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { freePort } from '../support/free-port.ts'
import { makeFolder, startHub } from '../support/hub-process.ts'
import { livingInstances } from '../support/recorded.ts'
import { until } from '../support/until.ts'

/** A second start on the same folder goes on where the first one was, however that one ended. */

const testMostMs = 60_000

test('what was queued, delayed and running when the hub was killed goes on', { timeout: testMostMs }, async () => {
  await using folder = await makeFolder()
  const options = { folder: folder.path, workers: ['basics'] }
  await using first = await startHub(options)
  const running = await first.client.submit('basics.wait', { ms: 2_000 }, { leaseSeconds: 3 })
  await until('it runs', async () => (await first.client.get(running.id)).status === 'running')
  await first.client.pause('basics')
  const queued = await first.client.submit('basics.echo', { text: 'queued' })
  const startAfter = new Date(Date.now() + 4_000).toISOString()
  const delayed = await first.client.submit('basics.started', undefined, { startAfter })
  const far = await first.client.submit('basics.started', undefined, { startAfter: { seconds: 7_200 } })
  await first.client.resume('basics')
  first.kill('SIGKILL')
  await first.exited

  await using second = await startHub(options)
  expect(await second.client.get(far.id)).toMatchObject({ status: 'waiting' })
  const ends = [queued, delayed, running].map(({ id }) => second.client.wait(id, { timeoutSeconds: 40 }))
  for (const ended of await Promise.all(ends)) expect(ended.status).toBe('succeeded')
  expect(Date.parse((await second.client.get(delayed.id)).startedAt ?? '')).toBeGreaterThanOrEqual(
    Date.parse(startAfter),
  )
  // What the first hub's feed still had to tell must not start an instance that has no address to go to.
  expect(second.output()).not.toContain('hub.away')
})

test('an instance that outlived its hub comes back, keeps its run, and leaves with the next', {
  timeout: testMostMs,
}, async () => {
  await using folder = await makeFolder()
  const records = join(folder.path, 'records')
  await mkdir(records)
  const data = join(folder.path, 'data')
  const options = { folder: data, workers: ['steady'], port: await freePort(), env: { TASKURAI_TEST_RECORD: records } }
  await using first = await startHub(options)
  const { id } = await first.client.submit('steady.step', { ms: 9_000 }, { leaseSeconds: 30 })
  await until('it runs', async () => (await first.client.get(id)).status === 'running')
  first.kill('SIGKILL')
  await first.exited
  const before = livingInstances(records)
  expect(before).toHaveLength(1)

  await using second = await startHub(options)
  await until('it is back', async () => (await second.client.worker('steady')).instances === 1)
  expect(await second.client.wait(id, { timeoutSeconds: 30 })).toMatchObject({ status: 'succeeded', runCount: 1 })
  expect(livingInstances(records)).toEqual(before)
  second.kill('SIGINT')
  expect(await second.exited).toEqual({ code: 0, signal: null })
  await until('it has left', () => livingInstances(records).length === 0, 5_000)
})
