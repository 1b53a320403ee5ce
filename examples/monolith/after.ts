/** After: the request answers at once, and the export is a task that anybody can look at, cancel and download. */
import { pipeline } from 'node:stream/promises'
import express, { type Express } from 'express'
import { type Client, TaskuraiError } from 'taskurai/client'
import { SALES_FILE, salesExport } from './contracts.ts'

export function createShop(hub: Client): Express {
  const shop = express()

  shop.post('/exports/:year', async (request, response) => {
    const year = Number(request.params.year)
    // The same year asked for twice on one day is one task, however often somebody presses the button.
    const idempotencyKey = `sales-export/${year}/${new Date().toISOString().slice(0, 10)}`
    const task = await hub.submit(salesExport, { year }, { idempotencyKey, subject: `Sales of ${year}` })
    response.status(202).location(`/exports/tasks/${task.id}`).json({ id: task.id })
  })

  shop.get('/exports/tasks/:id', async (request, response) => {
    const { status, progress, result, error } = await hub.get(request.params.id)
    response.json({ status, progress, output: result?.output, error: error?.message })
  })

  shop.get('/exports/tasks/:id/file', async (request, response) => {
    const { stream, size, contentType } = await hub.download(request.params.id, SALES_FILE)
    response.set({ 'content-type': contentType, 'content-length': String(size) })
    await pipeline(stream, response)
  })

  // A year that the contract refuses is the caller's mistake, as the hub says; so is an id that is not there.
  shop.use(((error, _request, response, next) => {
    if (!(error instanceof TaskuraiError) || error.status === undefined || response.headersSent) return next(error)
    response.status(error.status).json({ code: error.code, detail: error.message })
  }) satisfies express.ErrorRequestHandler)

  return shop
}
