import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type Client, TaskuraiError } from 'taskurai/client'
import { orderConfirm } from './contracts.ts'
import type { Assets } from './pages.ts'

/** A shop. Its pages know it alone, and have no key of the hub: what they watch, it asks an address for. */

export interface ShopOptions {
  readonly client: Client
  readonly assets: Assets
  /** How long an order takes. */
  readonly seconds?: number
}

/** Whoever is logged in; a real shop finds that out for each request. */
const userId = 'ada'
const article = 'A lamp of brass and glass'
const orderPath = /^\/orders\/([0-9A-Z]{26})\/watch$/

// #region watch-token
/** The task is accepted at once; the page is given an address by which it can watch it, and nothing else. */
async function placeOrder(client: Client, seconds = 8): Promise<object> {
  const task = await client.submit(orderConfirm, { article, seconds }, { subject: article, userId })
  const { url } = await client.watchToken(task, { expiresInSeconds: 3_600 })
  return { id: task.id, url }
}

/** For a page that was loaded again. Somebody else's order is none of its business. */
async function watchOrder(client: Client, id: string): Promise<object | undefined> {
  const task = await client.get(id)
  if (task.userId !== userId) return undefined
  return { id, url: (await client.watchToken(task)).url }
}
// #endregion watch-token

export function createShop({ client, assets, seconds }: ShopOptions): Server {
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url = '/' } = request
    const { pathname } = new URL(url, 'http://shop')
    const [, orderId] = orderPath.exec(pathname) ?? []
    if (method === 'POST' && pathname === '/orders') return send(response, 201, await placeOrder(client, seconds))
    if (method === 'POST' && pathname === '/watch') return send(response, 201, await client.watchToken({ userId }))
    if (method === 'POST' && orderId !== undefined) {
      const watched = await watchOrder(client, orderId)
      return watched === undefined ? send(response, 404, {}) : send(response, 201, watched)
    }
    const asset = method === 'GET' ? assets.get(pathname) : undefined
    if (asset === undefined) return send(response, 404, {})
    response.writeHead(200, { 'content-type': asset.type, 'cache-control': 'no-cache' }).end(asset.bytes)
  }

  return createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      const isAway = error instanceof TaskuraiError && error.code !== 'not-found'
      if (!response.headersSent) send(response, isAway ? 503 : error instanceof TaskuraiError ? 404 : 500, {})
    })
  })
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(JSON.stringify(body))
}
