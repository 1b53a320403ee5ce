import { join } from 'node:path'
import { listKeys } from '#adapters/files/credentials-file'
import { createClient } from '#client/index'
import { flowCommands as names } from '../flow-names.ts'
import { startOursServer } from '../ours-link.ts'
import { makeFolder, removeFolder } from '../processes.ts'
import { startWorkerProcess } from '../worker-process.ts'
import { type Figures, measure } from './figures.ts'

const waitSeconds = 300

/** The embedded hub and one instance, each a process of its own, over HTTP and the worker stream. */
export async function measureOurs(folder: string, durability: 'power' | 'process'): Promise<Figures> {
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
  const worker = await startWorkerProcess(new URL('../flow-worker.ts', import.meta.url), [], env)
  const run = async <Output>(command: string, count: number): Promise<Output> => {
    const { id } = await client.submit(command, { count })
    const { status, result, error } = await client.wait(id, { timeoutSeconds: waitSeconds })
    if (status !== 'succeeded') throw new Error(`${command}: ${status} ${error?.message ?? ''}`)
    return result?.output as Output
  }
  try {
    await server.registered()
    return await measure({
      steps: async (count) => (await run<{ ms: number }>(names.steps, count)).ms,
      fan: async (count) => (await run<{ resumeMs: number }>(names.fan, count)).resumeMs,
    })
  } finally {
    await worker.stop()
    await server.stop()
    removeFolder(own)
  }
}
