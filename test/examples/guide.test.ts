import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { toManifest } from '#worker-runtime/index'
import compressWorker from '../../examples/guide/compress-worker.ts'
import { retryFailed, whatHappenedTo } from '../../examples/guide/desk.ts'
import { compressReport, saveCompressed } from '../../examples/guide/send-files.ts'
import { bookForTomorrow, bookParcel, bookParcels, labelOf } from '../../examples/guide/submit.ts'
import worker from '../../examples/guide/worker.ts'
import { makeFolder, startHub } from '../support/hub-process.ts'
import { repository } from '../support/repository.ts'
import { until } from '../support/until.ts'

test('what the docs show of files works on a hub', { timeout: 90_000 }, async () => {
  await using folder = await makeFolder()
  await using hub = await startHub({ folder: join(folder.path, 'hub') })
  await hub.client.putWorker('files', {
    manifest: toManifest(compressWorker),
    launch: { module: join(repository, 'examples/guide/compress-worker.ts') },
  })
  const report = join(folder.path, 'report.csv')
  await writeFile(report, 'a,b\n'.repeat(1_000))
  const id = await compressReport(hub.client, report)
  expect(await hub.client.wait(id, { timeoutSeconds: 60 })).toMatchObject({ status: 'succeeded' })
  const saved = join(folder.path, 'saved.gz')
  await saveCompressed(hub.client, id, saved)
  expect(gunzipSync(await readFile(saved)).toString()).toBe('a,b\n'.repeat(1_000))
})

test('what the docs show of submitting works on a hub', { timeout: 90_000 }, async () => {
  const carrier = createServer((_request, response) => response.end('{ "label": "L-1", "pickUpOn": "2026-01-16" }'))
  carrier.listen(0, '127.0.0.1')
  await once(carrier, 'listening')
  await using folder = await makeFolder()
  try {
    const { port } = carrier.address() as AddressInfo
    await using hub = await startHub({ folder: folder.path, env: { CARRIER_URL: `http://127.0.0.1:${port}` } })
    await hub.client.putWorker('parcels', {
      manifest: toManifest(worker),
      launch: { module: join(repository, 'examples/guide/worker.ts') },
    })
    expect(await labelOf(hub.client, 'o-1')).toBe('L-1')
    expect(await bookParcel(hub.client, 'o-2')).toBe(await bookParcel(hub.client, 'o-2'))
    const ids = await bookParcels(hub.client, ['o-3', 'o-4'])
    for (const id of ids) expect(await hub.client.wait(id)).toMatchObject({ status: 'succeeded' })
    await bookForTomorrow(hub.client, 'o-5')
    const commands = await hub.client.commands()
    expect(commands.map(({ name, version }) => `${name}@${version}`)).toEqual(
      expect.arrayContaining(['parcel.book@1', 'parcel.book@2', 'parcel.track@1']),
    )
  } finally {
    carrier.closeAllConnections()
    carrier.close()
  }
})

test('what the docs show of finding tasks, and of changing many, works on a hub', { timeout: 90_000 }, async () => {
  await using folder = await makeFolder()
  await using hub = await startHub({ folder: folder.path, workers: ['basics'] })
  const retry = { maxRuns: 1, minSeconds: 0, maxSeconds: 0, factor: 1, jitter: 'none' } as const
  const task = await hub.client.submit(
    'basics.flaky',
    { failures: 99 },
    { externalId: 'o-9', tags: { region: 'eu' }, retry },
  )
  await hub.client.wait(task)
  const failed = await until('its row', async () => {
    const lines = await whatHappenedTo(hub.client, 'o-9')
    return lines.length > 0 && lines
  })
  expect(failed).toEqual([expect.stringMatching(/^20\S+Z basics\.flaky: failed$/)])
  expect(await retryFailed(hub.client, 'us')).toBe(0)
  expect(await retryFailed(hub.client, 'eu')).toBe(1)
  expect((await hub.client.get(task.id)).history.map(({ why }) => why)).toContain('eu is back')
})
