/** Before: the export is made inside the request. Nobody sees how far it is, and whoever closes the page starts over. */
import express, { type Express } from 'express'
import { buildExport } from './build-export.ts'

export function createShop(): Express {
  const shop = express()

  shop.get('/exports/:year', async (request, response) => {
    const gone = new AbortController()
    response.on('close', () => gone.abort())
    const { csv } = await buildExport(Number(request.params.year), { signal: gone.signal, progress: () => {} })
    response.type('text/csv').send(csv)
  })

  return shop
}
