import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Express } from 'express'
import { expect, test } from 'vitest'
import { createClient } from '#client/index'
import { toManifest } from '#worker-runtime/index'
import { createShop as createShopAfter } from '../../examples/monolith/after.ts'
import { createShop as createShopBefore } from '../../examples/monolith/before.ts'
import worker from '../../examples/monolith/worker.ts'
import { makeFolder, startHub } from '../support/hub-process.ts'
import { repository } from '../support/repository.ts'
import { until } from '../support/until.ts'

const firstLines = 'day,article,quantity,amount\n2025-01-01,chair,1,19.99\n'

async function listen(shop: Express): Promise<{ readonly at: string } & AsyncDisposable> {
  const server = createServer(shop).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    at: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

test('before: the request waits for its export', async () => {
  await using shop = await listen(createShopBefore())
  const response = await fetch(`${shop.at}/exports/2025`)
  expect(response.status).toBe(200)
  expect((await response.text()).slice(0, firstLines.length)).toBe(firstLines)
})

test('after: the request answers at once, and the export can be watched and downloaded', {
  timeout: 90_000,
}, async () => {
  await using folder = await makeFolder()
  await using hub = await startHub({ folder: folder.path })
  await hub.client.putWorker('exports', {
    manifest: toManifest(worker),
    launch: { module: join(repository, 'examples/monolith/worker.ts') },
  })
  await using shop = await listen(createShopAfter(hub.client))
  const ask = (method: string, path: string) => fetch(`${shop.at}${path}`, { method })

  const created = await ask('POST', '/exports/2025')
  expect(created.status).toBe(202)
  const path = created.headers.get('location') ?? ''
  const { id } = await created.json()
  expect(await (await ask('POST', '/exports/2025')).json()).toEqual({ id })

  const state = await until(
    'the end of the export',
    async () => {
      const { status, output } = await (await ask('GET', path)).json()
      return status === 'succeeded' && output
    },
    45_000,
  )
  expect(state).toMatchObject({ rows: 14_600 })
  const file = await ask('GET', `${path}/file`)
  expect(file.headers.get('content-type')).toMatch(/^text\/csv/)
  expect((await file.text()).slice(0, firstLines.length)).toBe(firstLines)

  expect((await ask('POST', '/exports/1999')).status).toBe(422)
  expect((await ask('GET', '/exports/tasks/01ARZ3NDEKTSV4RRFFQ69G5FAV')).status).toBe(404)
})

test('after: a hub that is away is the service’s own failure, not the caller’s', async () => {
  const credentials = { accessKeyId: 'K', secretAccessKey: 's' }
  const away = createClient({ endpoint: 'http://127.0.0.1:9', credentials, region: 'local', tries: 1 })
  await using shop = await listen(createShopAfter(away))
  expect((await fetch(`${shop.at}/exports/2025`, { method: 'POST' })).status).toBe(500)
})
