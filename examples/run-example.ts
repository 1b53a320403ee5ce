/**
 * Sends the orders of the example to the hub and shows how their tasks get on: live bars on a terminal, plain lines
 * elsewhere. It is an ordinary client: everything it shows comes from the API.
 */
import type { WriteStream } from 'node:tty'
import { type Client, createClient } from '../client/index.ts'
import { exampleTasks } from './orders/tasks.ts'
import { drawBars, type Snapshot, sayLine } from './show-progress.ts'

const ordersSent = 120
const lookEveryMs = 200
const looksMost = 4 * 60 * 60

export interface RunExampleOptions {
  readonly endpoint: string
  readonly out: WriteStream | NodeJS.WritableStream
}

export async function runExample({ endpoint, out }: RunExampleOptions): Promise<void> {
  const client = createClient({ endpoint })
  const tasks = exampleTasks(ordersSent)
  // The same key each time: a second start meets the same tasks, wherever they stand by then.
  const ids = await client.submitBatch(tasks, { idempotencyKey: `example-orders-${ordersSent}` })
  out.write(`${ids.length} tasks for ${ordersSent} orders accepted; their PDFs and mails go to .taskurai/orders\n`)
  const isLive = 'isTTY' in out && out.isTTY === true
  const show = isLive ? drawBars(out) : sayLine(out)
  for (let looks = 0; looks < looksMost; looks++) {
    const snapshot = await look(client, new Set(ids))
    show(snapshot)
    if (snapshot.ended === snapshot.total && snapshot.instances === 0) break
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs))
  }
  out.write('the example is done; the hub stays up (Ctrl-C stops it)\n')
}

async function look(client: Client, wanted: ReadonlySet<string>): Promise<Snapshot> {
  const worker = await client.worker('orders')
  const running: Snapshot['running'][number][] = []
  let ended = 0
  let failed = 0
  for await (const task of client.listAll({})) {
    if (!wanted.has(task.id)) continue
    if (task.stoppedAt !== undefined) ended++
    if (task.status === 'failed') failed++
    if (task.status !== 'running') continue
    running.push({
      label: task.subject ?? task.command,
      percent: task.progress?.percent ?? 0,
      message: task.progress?.message ?? '',
    })
  }
  const { instances, starting } = worker
  return { total: wanted.size, ended, failed, running, instances, starting }
}
