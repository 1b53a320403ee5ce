/**
 * `npm run bench:flows`: steps, fan-out and fan-in of the embedded hub beside BullMQ's flows, in one run on one machine.
 * BullMQ has no durable steps; its documented pattern for them, `job.updateData` between two, stands in their place.
 */
import { join } from 'node:path'
import { FlowProducer, Queue, QueueEvents, Worker } from 'bullmq'
import { listKeys } from '#adapters/files/credentials-file'
import { type Client, createClient } from '#client/index'
import { flowCommands as names } from './flow-names.ts'
import { startOursServer } from './ours-link.ts'
import { makeFolder, removeFolder } from './processes.ts'
import { missingRedis, startRedis } from './redis-server.ts'
import { percentile } from './statistics.ts'
import { startWorkerProcess } from './worker-process.ts'

const folder = process.argv[2] ?? '.'
const children = 10_000
const stepsInARun = 900
const parents = 200
const concurrency = 50
const waitSeconds = 300

interface Figures {
  readonly steps: number
  readonly children: number
  readonly resumeMs: readonly number[]
}

const say = (line: string) => process.stdout.write(`${line}\n`)
const rate = (count: number, ms: number) => Math.round((count * 1_000) / ms)

async function measureOurs(durability: 'power' | 'process'): Promise<Figures> {
  const own = await makeFolder(folder, 'flows')
  const data = join(own, 'data')
  const server = await startOursServer(data, durability)
  const listed = listKeys(data)
  const key = listed.ok ? listed.keys.find(({ name }) => name === 'default') : undefined
  if (key === undefined) throw new Error('the hub made no key')
  const credentials = { accessKeyId: key.accessKeyId, secretAccessKey: key.secretKey }
  const client = createClient({ endpoint: server.endpoint, credentials, region: 'local' })
  const env = {
    TASKURAI_ENDPOINT: server.endpoint,
    AWS_ACCESS_KEY_ID: key.accessKeyId,
    AWS_SECRET_ACCESS_KEY: key.secretKey,
    AWS_REGION: 'local',
  }
  const worker = await startWorkerProcess(new URL('./flow-worker.ts', import.meta.url), [], env)
  try {
    await server.registered()
    const stepsMs = (await run<{ ms: number }>(client, names.steps, stepsInARun)).ms
    const from = performance.now()
    await run(client, names.fan, children)
    const fanMs = performance.now() - from
    const resumeMs: number[] = []
    for (let index = 0; index < parents; index++) {
      resumeMs.push((await run<{ resumeMs: number }>(client, names.fan, 1)).resumeMs)
    }
    return { steps: rate(stepsInARun, stepsMs), children: rate(children, fanMs), resumeMs }
  } finally {
    await worker.stop()
    await server.stop()
    removeFolder(own)
  }
}

async function run<Output>(client: Client, command: string, count: number): Promise<Output> {
  const { id } = await client.submit(command, { count })
  const { status, result, error } = await client.wait(id, { timeoutSeconds: waitSeconds })
  if (status !== 'succeeded') throw new Error(`${command}: ${status} ${error?.message ?? ''}`)
  return result?.output as Output
}

async function measureBullmq(appendfsync: 'everysec' | 'always'): Promise<Figures> {
  const redis = await startRedis(folder, appendfsync)
  const connection = { host: '127.0.0.1', port: redis.port, maxRetriesPerRequest: null }
  const queue = new Queue(names.fan, { connection })
  const events = new QueueEvents(names.fan, { connection })
  const flows = new FlowProducer({ connection })
  const resumeMs: number[] = []
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
  try {
    await Promise.all([
      queue.waitUntilReady(),
      events.waitUntilReady(),
      leaves.waitUntilReady(),
      parent.waitUntilReady(),
    ])
    const stepsJob = await queue.add(names.steps, { count: stepsInARun })
    const { ms } = (await stepsJob.waitUntilFinished(events)) as { ms: number }
    const tree = (count: number) => ({
      name: names.fan,
      queueName: names.fan,
      data: { count },
      children: Array.from({ length: count }, (_, n) => ({ name: names.leaf, queueName: names.leaf, data: { n } })),
    })
    const from = performance.now()
    await (await flows.add(tree(children))).job.waitUntilFinished(events)
    const fanMs = performance.now() - from
    for (let index = 0; index < parents; index++) {
      const { job } = await flows.add(tree(1))
      resumeMs.push(((await job.waitUntilFinished(events)) as { resumeMs: number }).resumeMs)
    }
    return { steps: rate(stepsInARun, ms), children: rate(children, fanMs), resumeMs }
  } finally {
    await Promise.all([leaves.close(), parent.close(), flows.close(), events.close(), queue.close()])
    await redis.stop()
  }
}

function line(name: string, { steps, children: perSecond, resumeMs }: Figures): string {
  const [p50, p99] = [0.5, 0.99].map((share) => percentile(resumeMs, share))
  return `${name.padEnd(18)} ${String(steps).padStart(8)} ${String(perSecond).padStart(12)} ${p50} / ${p99} ms`
}

const missing = await missingRedis()
say(`${children} sub tasks of one parent, ${stepsInARun} steps of one run, ${parents} parents of one sub task each\n`)
say('                    steps/s   children/s last end → resumed p50 / p99')
const figures: [string, Figures][] = []
for (const durability of ['power', 'process'] as const) {
  figures.push([`taskurai-${durability}`, await measureOurs(durability)])
  say(line(...(figures.at(-1) as [string, Figures])))
}
for (const strength of missing === undefined ? (['everysec', 'always'] as const) : []) {
  figures.push([`bullmq-${strength}`, await measureBullmq(strength)])
  say(line(...(figures.at(-1) as [string, Figures])))
}
if (missing !== undefined) say(`BullMQ is left out: ${missing}`)
const [ours, , , peer] = figures
if (ours !== undefined && peer !== undefined) {
  const [steps, perSecond] = [ours[1].steps / peer[1].steps, ours[1].children / peer[1].children]
  say(`\n${ours[0]} beside ${peer[0]}: steps ${steps.toFixed(2)}x, children ${perSecond.toFixed(2)}x`)
}
