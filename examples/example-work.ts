/** What each example is given to do. The same at every start: a second one meets the same tasks, wherever they stand. */
import type { Client } from '../client/index.ts'
import { sampleVideo, sampleVideoPath } from './media/sample-video.ts'
import { exampleTasks as videoTasks } from './media/tasks.ts'
import { exampleTasks as orderTasks } from './orders/tasks.ts'
import { exampleTasks as reportTasks } from './reports/tasks.ts'

/** A worker of the example, and the ids of its tasks. */
export interface Work {
  readonly worker: string
  readonly commands: readonly string[]
  readonly ids: ReadonlySet<string>
  /** For whoever watches: what was accepted. */
  readonly words: string
}

const ordersSent = 120
const videosLookedAtMost = 1_000

export async function submitOrders(client: Client): Promise<Work> {
  const tasks = orderTasks(ordersSent)
  const ids = await client.submitBatch(tasks, { idempotencyKey: `example-orders-${ordersSent}` })
  const words = `${ids.length} tasks for ${ordersSent} orders accepted; their PDFs and mails go to .taskurai/orders`
  return { worker: 'orders', commands: ['order.confirm', 'order.mail'], ids: new Set(ids), words }
}

export async function submitReports(client: Client): Promise<Work> {
  const tasks = reportTasks()
  const ids = await client.submitBatch(tasks, { idempotencyKey: `example-reports-${tasks.length}` })
  const words = `${ids.length} reports on 3,000,000 flights accepted`
  return { worker: 'reports', commands: ['report.delays'], ids: new Set(ids), words }
}

export async function submitVideos(client: Client): Promise<Work> {
  const ids = (await videosThere(client)) ?? (await uploadVideo(client))
  const words = `${ids.length} renditions of a video of ${sampleVideo.seconds} seconds accepted`
  return { worker: 'media', commands: ['video.prepare'], ids: new Set(ids), words }
}

async function uploadVideo(client: Client): Promise<readonly string[]> {
  const { id } = await client.upload(sampleVideoPath(), { contentType: sampleVideo.contentType })
  return client.submitBatch(videoTasks(id))
}

/** An upload gets a new id each time, so the tasks of an earlier start are known by what people call them. */
async function videosThere(client: Client): Promise<readonly string[] | undefined> {
  const wanted = new Set(videoTasks('').map(({ externalId }) => externalId))
  const found = new Map<string, string>()
  let looked = 0
  for await (const { id, externalId } of client.listAll({ command: 'video.prepare' })) {
    if (externalId !== undefined && wanted.has(externalId) && !found.has(externalId)) found.set(externalId, id)
    if (found.size === wanted.size) return [...found.values()]
    if (++looked === videosLookedAtMost) break
  }
  return undefined
}
