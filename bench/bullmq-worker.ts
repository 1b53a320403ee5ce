/** One BullMQ worker as a process of its own: `bullmq-worker.ts <queue> <port> <concurrency>`. */
import { Worker } from 'bullmq'
import { linkToBench } from './worker-link.ts'

const [queueName, port, concurrency] = process.argv.slice(2)
if (queueName === undefined) throw new Error('usage: bullmq-worker.ts <queue> <port> <concurrency>')

const link = linkToBench(() => worker.close())
const worker = new Worker(queueName, async () => link.started(), {
  connection: { host: '127.0.0.1', port: Number(port), maxRetriesPerRequest: null },
  concurrency: Number(concurrency),
})
// BullMQ emits this after Redis has confirmed the move to the finished jobs.
worker.on('completed', () => link.finished())
worker.on('error', (error) => process.stderr.write(`bullmq worker: ${error.message}\n`))
await worker.waitUntilReady()
link.ready()
