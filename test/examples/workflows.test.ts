import { join } from 'node:path'
import { expect, test } from 'vitest'
import { toManifest } from '#worker-runtime/index'
import { submitNightlyReport } from '../../examples/workflows/nightly-report.ts'
import worker from '../../examples/workflows/worker.ts'
import { makeFolder, startHub } from '../support/hub-process.ts'
import { repository } from '../support/repository.ts'
import { until } from '../support/until.ts'

const most = { timeoutSeconds: 60 }

test('the workflows of the example run on a hub', { timeout: 120_000 }, async () => {
  await using folder = await makeFolder()
  await using hub = await startHub({ folder: folder.path })
  const { client } = hub
  const launch = { module: join(repository, 'examples/workflows/worker.ts') }
  await client.putWorker('workflows', { manifest: toManifest(worker), launch })

  const large = await client.submit('order.place', { orderId: 'o-1', cents: 250_000, items: ['lamp'] })
  await until('it waits for the desk', async () => (await client.get(large.id)).status === 'suspended', 30_000)
  await client.signal(large.id, 'decision', { approved: true, by: 'ann' })
  expect((await client.wait(large.id, most)).result?.output).toMatchObject({
    parcel: expect.stringMatching(/^parcel-/),
  })

  const heavy = await client.submit('order.place', { orderId: 'o-2', cents: 100, items: ['anvil'] })
  expect(await client.wait(heavy.id, most)).toMatchObject({ status: 'failed', error: { code: 'too-heavy' } })
  const steps = (await client.steps(heavy.id)).map(({ id, state }) => `${id} ${state}`)
  expect(steps).toEqual(['reserve done', 'charge done', 'ship failed', 'refund done', 'release done'])

  const video = await client.submit('video.encode', { video: 'holiday', seconds: 610 })
  expect((await client.wait(video.id, most)).result?.output).toEqual({ file: 'holiday.mp4', bytes: 610_000, parts: 11 })

  const ids = await submitNightlyReport(client, '2026-11-24')
  expect(await submitNightlyReport(client, '2026-11-24')).toEqual(ids)
  for (const id of ids) expect(await client.wait(id, most)).toMatchObject({ status: 'succeeded' })
})
