/** Our embedded hub on LMDB, flushed before every answer or only handed to the kernel. */
import { join } from 'node:path'
import { listKeys } from '#adapters/files/credentials-file'
import { type Client, createClient } from '#client/index'
import { type OursServer, startOursServer } from './ours-link.ts'
import { makeFolder, removeFolder } from './processes.ts'
import { COMMAND, type Subject, type SubjectOptions } from './subject.ts'
import { startWorkerProcess } from './worker-process.ts'

const keptBy = {
  power: 'all ended tasks kept, on disk; flushed before every answer',
  process: 'all ended tasks kept, on disk; handed to the kernel before every answer: survives kill -9, not a power cut',
} as const

export function ours(durability: 'power' | 'process', options: SubjectOptions): Subject {
  let running: { readonly server: OursServer; readonly client: Client; readonly folder: string } | undefined
  const started = () => {
    if (running === undefined) throw new Error('the subject is not started')
    return running
  }
  const keyOf = (folder: string) => {
    const listed = listKeys(join(folder, 'data'))
    const key = listed.ok ? listed.keys.find(({ name }) => name === 'default') : undefined
    if (key === undefined) throw new Error('the hub made no key')
    return key
  }

  return {
    name: `taskurai-${durability}`,
    role: 'ours',
    kept: keptBy[durability],
    missing: async () => undefined,
    async start() {
      const folder = await makeFolder(options.folder, 'ours')
      const server = await startOursServer(join(folder, 'data'), durability)
      const { accessKeyId, secretKey: secretAccessKey } = keyOf(folder)
      const client = createClient({
        endpoint: server.endpoint,
        credentials: { accessKeyId, secretAccessKey },
        region: 'local',
      })
      running = { server, client, folder }
    },
    async stop() {
      const ending = running
      running = undefined
      await ending?.server.stop()
      if (ending !== undefined) removeFolder(ending.folder)
    },
    serverPids: () => [started().server.pid],
    async submitBatch(count) {
      await started().client.submitBatch(
        Array.from({ length: count }, (_, n) => ({ command: COMMAND, arguments: { n } })),
      )
    },
    async submitOne() {
      await started().client.submit(COMMAND, { n: 0 })
    },
    async startWorker(concurrency) {
      const { server, folder } = started()
      const { accessKeyId, secretKey } = keyOf(folder)
      const env = {
        TASKURAI_ENDPOINT: server.endpoint,
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: secretKey,
        AWS_REGION: 'local',
      }
      await server.countAnew()
      const worker = await startWorkerProcess(new URL('./ours-worker.ts', import.meta.url), [String(concurrency)], env)
      await server.registered()
      return {
        ...worker,
        // The end of a task is the hub's word; the worker only knows when its handlers started.
        async finished(total) {
          const lastFinishMs = await server.finished(total)
          return { ...(await worker.finished(0)), lastFinishMs }
        },
      }
    },
  }
}
