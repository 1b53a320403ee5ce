/** The peer: BullMQ on Redis, at two strengths of durability. */
import { Queue } from 'bullmq'
import { type AppendFsync, missingRedis, type RedisServer, startRedis } from './redis-server.ts'
import { COMMAND, type Subject, type SubjectOptions } from './subject.ts'
import { startWorkerProcess } from './worker-process.ts'

const QUEUE_NAME = 'bench'

const FLUSHED: Readonly<Record<AppendFsync, string>> = {
  everysec: 'log flushed once a second: a power cut may lose the last second of accepted tasks',
  always: 'log flushed before every answer',
}

/**
 * Finished jobs are kept, which is BullMQ's default (`removeOnComplete` unset) and what a hub does with its tasks.
 * Redis holds them all in memory.
 */
export function bullmq(appendFsync: AppendFsync, options: SubjectOptions): Subject {
  let running: { readonly redis: RedisServer; readonly queue: Queue } | undefined
  const started = () => {
    if (running === undefined) throw new Error('the subject is not started')
    return running
  }

  return {
    name: `bullmq-${appendFsync}`,
    role: 'peer',
    kept: `all finished jobs kept (BullMQ's default), in Redis' memory; ${FLUSHED[appendFsync]}; no snapshots`,
    missing: missingRedis,
    async start() {
      const redis = await startRedis(options.folder, appendFsync)
      const queue = new Queue(QUEUE_NAME, { connection: { host: '127.0.0.1', port: redis.port } })
      running = { redis, queue }
      await queue.waitUntilReady()
    },
    async stop() {
      const ending = running
      running = undefined
      await ending?.queue.close()
      await ending?.redis.stop()
    },
    serverPids: () => [started().redis.pid],
    async submitBatch(count) {
      await started().queue.addBulk(Array.from({ length: count }, (_, n) => ({ name: COMMAND, data: { n } })))
    },
    async submitOne() {
      await started().queue.add(COMMAND, { n: 0 })
    },
    startWorker: (concurrency) =>
      startWorkerProcess(new URL('./bullmq-worker.ts', import.meta.url), [
        QUEUE_NAME,
        String(started().redis.port),
        String(concurrency),
      ]),
  }
}
