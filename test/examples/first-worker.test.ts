import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { repository } from '../support/repository.ts'

const hubOpensMostMs = 30_000

test("the README's first worker is started by a task and answers it", { timeout: 60_000 }, async () => {
  const data = await mkdtemp(join(tmpdir(), 'taskurai-first-worker-'))
  const serve = [
    'bin/taskurai.mjs',
    'serve',
    '--port',
    '0',
    '--data',
    data,
    '--worker',
    'examples/first-worker/worker.ts',
  ]
  const hub = spawn(process.execPath, serve, { cwd: repository, stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const endpoint = await endpointOf(hub)
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', 'examples/first-worker/submit.ts'],
      {
        cwd: repository,
        env: { PATH: process.env.PATH, HOME: data, TASKURAI_ENDPOINT: endpoint, TASKURAI_DATA: data },
      },
    )
    expect(stdout).toBe('succeeded: Hello Ada!\n')
  } finally {
    hub.kill('SIGTERM')
    if (hub.exitCode === null && hub.signalCode === null) await once(hub, 'exit')
    await rm(data, { recursive: true, force: true })
  }
  expect(hub.exitCode).toBe(0)
})

/** Read from what the hub prints until its worker is registered; fails if it ends or stays silent. */
async function endpointOf(hub: ChildProcess): Promise<string> {
  if (hub.stdout === null) throw new Error('the hub has no output')
  const lines = createInterface({ input: hub.stdout, signal: AbortSignal.timeout(hubOpensMostMs) })
  let endpoint: string | undefined
  for await (const line of lines) {
    endpoint ??= /^taskurai hub on ([^,]+),/.exec(line)?.[1]
    if (endpoint === undefined || !line.startsWith('worker hello:')) continue
    hub.stdout.resume()
    return endpoint
  }
  throw new Error('the hub did not register its worker')
}
