import { FlowProducer, Queue, QueueEvents, Worker } from 'bullmq'
import { flowCommands as names } from '../flow-names.ts'
import { startRedis } from '../redis-server.ts'
import { concurrency, type Figures, measure } from './figures.ts'

/**
 * BullMQ's flows, on a Redis of the bench's own. It has no durable steps: its documented pattern for them,
 * `job.updateData` between two, stands in their place.
 */
export async function measureBullmq(folder: string, appendfsync: 'everysec' | 'always'): Promise<Figures> {
  const redis = await startRedis(folder, appendfsync)
  const connection = { host: '127.0.0.1', port: redis.port, maxRetriesPerRequest: null }
  const queue = new Queue(names.fan, { connection })
  const events = new QueueEvents(names.fan, { connection })
  const flows = new FlowProducer({ connection })
  const leaves = new Worker(names.leaf, async () => ({ endedAt: Date.now() }), { connection, concurrency })
  const parent = new Worker<{ count: number }>(
    names.fan,
    async (job) => {
      if (job.name === names.steps) {
        const from = performance.now()
        for (let step = 0; step < job.data.count; step++) await job.updateData({ count: job.data.count, step } as never)
        return { ms: performance.now() - from }
      }
      const now = Date.now()
      const ends = Object.values(await job.getChildrenValues<{ endedAt: number }>())
      return { resumeMs: now - Math.max(...ends.map(({ endedAt }) => endedAt)) }
    },
    { connection, concurrency },
  )
  const treeOf = (count: number) => ({
    name: names.fan,
    queueName: names.fan,
    data: { count },
    children: Array.from({ length: count }, (_, n) => ({ name: names.leaf, queueName: names.leaf, data: { n } })),
  })
  try {
    await Promise.all([
      queue.waitUntilReady(),
      events.waitUntilReady(),
      leaves.waitUntilReady(),
      parent.waitUntilReady(),
    ])
    return await measure({
      steps: async (count) => {
        const job = await queue.add(names.steps, { count })
        return ((await job.waitUntilFinished(events)) as { ms: number }).ms
      },
      fan: async (count) => {
        const { job } = await flows.add(treeOf(count))
        return ((await job.waitUntilFinished(events)) as { resumeMs: number }).resumeMs
      },
    })
  } finally {
    await Promise.all([leaves.close(), parent.close(), flows.close(), events.close(), queue.close()])
    await redis.stop()
  }
}
