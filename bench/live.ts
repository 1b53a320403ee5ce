/**
 * `npm run bench:live -- [folder] [writes]`: how long after the request that changes a task its watchers hear of it, on
 * the embedded hub: the hub in one process, the sockets in another, the writes over HTTP from this one.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { z } from 'zod'
import { listKeys } from '#adapters/files/credentials-file'
import { type Client, createClient } from '#client/index'
import { limits } from '#core/contract/limits'
import { startOursServer } from './ours-link.ts'
import { endProcess, makeFolder, ownProcess, removeFolder } from './processes.ts'
import { percentile } from './statistics.ts'
import { COMMAND, START_TIMEOUT_MS, within } from './subject.ts'

const [folder = '.', writesText = '300'] = process.argv.slice(2)
const writes = Number(writesText)
const counts = [1, 100, 1_000]
/** A task that tells its progress does so at most once a second; this is fifty of them. */
const betweenWritesMs = 20
const settleMs = 500

const reportSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ready') }),
  z.object({ kind: z.literal('seen'), latenciesMs: z.array(z.number()) }),
])

const say = (text: string) => process.stdout.write(`${text}\n`)

say(`${writes} writes of one task, one each ${betweenWritesMs} ms; from the request on\n`)
say('watchers   answered p50 / p99      message p50 / p99   passed over')
for (const count of counts) say(await measure(count))

async function measure(count: number): Promise<string> {
  const own = await makeFolder(folder, 'live')
  const data = join(own, 'data')
  const server = await startOursServer(data, 'power')
  try {
    const client = clientOf(data, server.endpoint)
    const { id } = await client.submit(COMMAND, {})
    const watchers = await startWatchers(await urlsFor(client, id, count))
    const answeredMs: number[] = []
    for (let write = 0; write < writes; write++) {
      const sentMs = performance.timeOrigin + performance.now()
      await client.patch(id, { subject: String(sentMs) })
      answeredMs.push(performance.timeOrigin + performance.now() - sentMs)
      await pause(betweenWritesMs)
    }
    await pause(settleMs)
    const seen = await ask(watchers)
    await endProcess(watchers, 'SIGTERM')
    return lineOf(count, answeredMs, seen)
  } finally {
    await server.stop()
    removeFolder(own)
  }
}

function clientOf(data: string, endpoint: string): Client {
  const listed = listKeys(data)
  const key = listed.ok ? listed.keys.find(({ name }) => name === 'default') : undefined
  if (key === undefined) throw new Error('the hub made no key')
  const credentials = { accessKeyId: key.accessKeyId, secretAccessKey: key.secretKey }
  return createClient({ endpoint, credentials, region: 'local' })
}

async function urlsFor(client: Client, id: string, count: number): Promise<readonly string[]> {
  const tokens = Math.ceil(count / limits.watchersOfToken)
  const urls = await Promise.all(Array.from({ length: tokens }, async () => (await client.watchToken(id)).url))
  return Array.from({ length: count }, (_, index) => urls[index % tokens] ?? '')
}

async function startWatchers(urls: readonly string[]): Promise<ChildProcess> {
  const child = fork(new URL('./live-watchers.ts', import.meta.url), [...urls])
  ownProcess(child)
  const ready = new Promise<void>((resolve, reject) => {
    child.once('message', () => resolve())
    child.once('exit', (code) => reject(new Error(`the watchers ended with ${code}`)))
  })
  await within(START_TIMEOUT_MS, 'the first state at every watcher', ready)
  return child
}

function ask(child: ChildProcess): Promise<readonly number[]> {
  return new Promise((resolve) => {
    child.once('message', (message: unknown) => {
      const report = reportSchema.parse(message)
      resolve(report.kind === 'seen' ? report.latenciesMs : [])
    })
    child.send({ kind: 'report' })
  })
}

function lineOf(count: number, answeredMs: readonly number[], seenMs: readonly number[]): string {
  const both = (values: readonly number[]) =>
    `${[0.5, 0.99].map((share) => percentile(values, share).toFixed(1)).join(' / ')} ms`
  // Where writes come faster than a push takes, a watcher hears of the newest alone.
  const passedOver = count * writes - seenMs.length
  return `${String(count).padStart(8)} ${both(answeredMs).padStart(21)} ${both(seenMs).padStart(22)} ${String(passedOver).padStart(13)}`
}
