import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Page } from 'puppeteer-core'
import { expect, test } from 'vitest'
import { createClient } from '#client/index'
import { toManifest } from '#worker-runtime/index'
import { buildPages } from '../../examples/live/pages.ts'
import { createShop, type ShopOptions } from '../../examples/live/shop.ts'
import { orderAndWatch } from '../../examples/live/watch.ts'
import worker from '../../examples/live/worker.ts'
import { openPage, whyNoChromium } from '../support/chromium.ts'
import { startCuttingProxy } from '../support/cutting-proxy.ts'
import { keysOf, makeFolder, startHub } from '../support/hub-process.ts'
import { repository } from '../support/repository.ts'
import { until } from '../support/until.ts'

/** The shop of the example on a hub of its own, in a real browser. Between the two is a network that can be cut. */

const why = whyNoChromium()
const inChromium = test.skipIf(why !== undefined)
if (why !== undefined) process.stderr.write(`left out: ${why}\n`)
/** Where pictures of the pages go, for people; set it to see them. */
const pictures = process.env.TASKURAI_PICTURES

/** In the order in which they came to be; they go the other way round, also where one could not come to be. */
async function openShop(seconds: number) {
  const opened: AsyncDisposable[] = []
  const keep = <Part extends AsyncDisposable>(part: Part): Part => {
    opened.unshift(part)
    return part
  }
  const close = async () => {
    for (const part of opened) await part[Symbol.asyncDispose]()
  }
  try {
    const folder = keep(await makeFolder())
    const hub = keep(await startHub({ folder: folder.path }))
    const launch = { module: join(repository, 'examples/live/worker.ts') }
    await hub.client.putWorker('live-shop', { manifest: toManifest(worker), launch })
    const proxy = keep(await startCuttingProxy(hub.at))
    const client = createClient({ endpoint: proxy.endpoint, credentials: keysOf(folder.path), region: 'local' })
    const shop = keep(await listen({ client, assets: await buildPages(), seconds }))
    const { page, errors } = keep(await openPage())
    return { hub, proxy, page, errors, at: shop.at, [Symbol.asyncDispose]: close }
  } catch (error) {
    await close()
    throw error
  }
}

async function listen(options: ShopOptions) {
  const server = createShop(options).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    at: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

const textOf = (page: Page, selector: string) => page.$eval(selector, (part) => part.textContent ?? '')
const percentOf = async (page: Page) => Number(await page.$eval('#bar', (bar) => bar.getAttribute('aria-valuenow')))
const connectionOf = (page: Page) => page.$eval('#status', (part) => part.getAttribute('data-connection'))
const picture = async (page: Page, name: string) => {
  if (pictures === undefined) return
  await mkdir(pictures, { recursive: true })
  await page.screenshot({ path: `${join(pictures, name)}.png` })
}

inChromium(
  'an order is placed by keyboard and moves to its end, over a connection that is cut',
  {
    timeout: 120_000,
  },
  async () => {
    await using shop = await openShop(12)
    const { page, proxy, errors } = shop
    await page.goto(shop.at)
    await page.focus('#order')
    await page.keyboard.press('Enter')
    await until('a bar that moves', async () => (await percentOf(page)) > 5, 60_000)
    expect(await textOf(page, '#title')).toBe('Your order is being made ready')
    expect(await textOf(page, '#connection')).toBe('Live')
    await picture(page, 'order-running')

    proxy.block(true)
    proxy.cut()
    await until('it is known', async () => (await connectionOf(page)) === 'reconnecting')
    await picture(page, 'order-reconnecting')
    const shownWhenCut = await percentOf(page)
    proxy.block(false)
    await until('it is live again', async () => (await connectionOf(page)) === 'live', 30_000)
    await until('the bar has gone on', async () => (await percentOf(page)) > shownWhenCut)

    // The end comes while nobody is connected: it is not lost.
    await until('the end is near', async () => (await percentOf(page)) > 70, 30_000)
    proxy.block(true)
    proxy.cut()
    const id = new URL(page.url()).searchParams.get('order') ?? ''
    expect(await shop.hub.client.wait(id, { timeoutSeconds: 30 })).toMatchObject({ status: 'succeeded' })
    expect(await percentOf(page)).toBeLessThan(100)
    proxy.block(false)
    await until('the end', async () => (await connectionOf(page)) === 'ended', 45_000)
    expect(await percentOf(page)).toBe(100)
    expect(await textOf(page, '#message')).toBe(`Parcel P-${id.slice(-6)}`)
    await picture(page, 'order-ended')

    await page.reload()
    await until('the end, on a page that was loaded again', async () => (await connectionOf(page)) === 'ended')
    expect(await textOf(page, '#title')).toBe('Your order is on its way')
    expect(errors).toEqual([])
  },
)

inChromium('the menu shows what is going on, and each new order, while it moves', { timeout: 120_000 }, async () => {
  await using shop = await openShop(5)
  const { page, at, errors } = shop
  await page.goto(`${at}/orders`)
  await until('an empty menu', async () => (await textOf(page, '#orders')).includes('Nothing ordered yet.'))
  for (const _ of [1, 2]) await fetch(`${at}/orders`, { method: 'POST' })
  await until('two orders that move', async () => (await page.$$('#orders [role=progressbar]')).length === 2, 60_000)
  expect(await textOf(page, '.count')).toBe('2')
  const shown = () => page.$$eval('#orders [role=progressbar]', (bars) => bars.map((bar) => bar.ariaValueNow))
  await until('both get on', async () => {
    const percents = await shown()
    return percents.length === 2 && percents.every((percent) => Number(percent) > 20)
  })
  await picture(page, 'orders-running')
  await until('both ends', async () => (await page.$$('#orders [data-status=succeeded]')).length === 2, 60_000)
  expect(await textOf(page, '.count')).toBe('0')

  await page.click('.menu button')
  expect(await page.$eval('#orders', (menu) => menu.hasAttribute('hidden'))).toBe(true)
  await page.reload()
  await until('both, on a page that was loaded again', async () => (await page.$$('#orders li')).length === 2)
  await picture(page, 'orders-ended')
  expect(errors).toEqual([])
})

test('a program watches its order; one of somebody else, a strange path and a hub that is away are refused', {
  timeout: 60_000,
}, async () => {
  await using folder = await makeFolder()
  await using hub = await startHub({ folder: folder.path })
  const launch = { module: join(repository, 'examples/live/worker.ts') }
  await hub.client.putWorker('live-shop', { manifest: toManifest(worker), launch })
  await using shop = await listen({ client: hub.client, assets: new Map() })
  const post = async (path: string) => (await fetch(`${shop.at}${path}`, { method: 'POST' })).status
  const { id } = await hub.client.submit('shop.confirm', { article: 'lamp' }, { userId: 'bob' })
  expect(await post(`/orders/${id}/watch`)).toBe(404)
  expect(await post('/orders/01ARZ3NDEKTSV4RRFFQ69G5FAV/watch')).toBe(404)
  expect(await post('/elsewhere')).toBe(404)
  expect((await fetch(`${shop.at}/nothing`)).status).toBe(404)
  expect(await post('/orders')).toBe(201)

  const lines: string[] = []
  await orderAndWatch(hub.client, (line) => lines.push(line))
  expect(lines.length).toBeGreaterThan(1)
  expect(lines.at(-1)).toMatch(/^succeeded \d+ % P-/)

  const away = createClient({
    endpoint: 'http://127.0.0.1:9',
    credentials: keysOf(folder.path),
    region: 'local',
    tries: 1,
  })
  await using closed = await listen({ client: away, assets: new Map() })
  expect((await fetch(`${closed.at}/orders`, { method: 'POST' })).status).toBe(503)
})
