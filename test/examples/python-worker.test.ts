import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { keysOf, makeFolder, type OpenHubProcess, plainEnv, startHub } from '../support/hub-process.ts'
import { repository } from '../support/repository.ts'
import { until } from '../support/until.ts'

const pythons = ['python3', '/usr/bin/python3']
const python = pythons.find((each) => {
  const probe = spawnSync(each, ['-c', 'import botocore; print(botocore.__version__)'], { encoding: 'utf8' })
  return probe.status === 0 && /^1\./.test(probe.stdout)
})
// CI has installed what is needed: a skip there would be a hole.
if (python === undefined && process.env.CI !== undefined) throw new Error('CI has no python3 with botocore')

interface PythonWorker extends AsyncDisposable {
  readonly child: ChildProcess
  readonly output: () => string
  readonly exited: Promise<number | string | null>
}

/** Ready when it says that it takes tasks. */
async function startPython(hub: OpenHubProcess, dataFolder: string): Promise<PythonWorker> {
  const { accessKeyId, secretAccessKey } = keysOf(dataFolder)
  const keys = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey }
  const child = spawn(python ?? 'python3', [join(repository, 'examples/python-worker/worker.py')], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: plainEnv({ ...keys, TASKURAI_ENDPOINT: hub.at, PYTHONDONTWRITEBYTECODE: '1' }),
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += String(chunk)))
  const exited = new Promise<number | string | null>((resolve) =>
    child.once('close', (code, signal) => resolve(signal ?? code)),
  )
  const worker: PythonWorker = {
    child,
    exited,
    output: () => output,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL')
      await exited
    },
  }
  try {
    await until('a Python worker that takes tasks', () => output.includes(' takes tasks of '), 30_000)
    return worker
  } catch (cause) {
    await worker[Symbol.asyncDispose]()
    throw new Error(`no Python worker: ${output}`, { cause })
  }
}

const reason = python === undefined ? ' (skipped: no python3 with botocore here)' : ''
describe.skipIf(python === undefined)(`a worker in Python${reason}`, () => {
  let folder: Awaited<ReturnType<typeof makeFolder>>
  let hub: OpenHubProcess

  beforeAll(async () => {
    folder = await makeFolder()
    hub = await startHub({ folder: folder.path })
  }, 90_000)

  afterAll(async () => {
    await hub?.[Symbol.asyncDispose]()
    await folder?.[Symbol.asyncDispose]()
  })

  const progressOf = async (id: string) => (await hub.client.get(id)).progress?.message

  test('brings its manifest, counts words, and leaves at a SIGTERM', { timeout: 60_000 }, async () => {
    await using worker = await startPython(hub, folder.path)
    await expect(hub.client.submit('text.count', { text: 7 })).rejects.toThrow(/text/)
    const task = await hub.client.submit('text.count', { text: 'To be, or not to be.' })
    const ended = await hub.client.wait(task, { timeoutSeconds: 30 })
    expect(ended).toMatchObject({ status: 'succeeded', runCount: 1, result: { output: { words: 6 } } })
    expect(ended.result?.output).toMatchObject({
      most: [
        ['to', 2],
        ['be', 2],
        ['or', 1],
      ],
    })
    worker.child.kill('SIGTERM')
    expect(await worker.exited).toBe(0)
    expect((await hub.client.worker('words')).instances).toBe(0)
  })

  test('tells its progress, keeps its lease, and stops when its task is canceled', { timeout: 60_000 }, async () => {
    await using _python = await startPython(hub, folder.path)
    const input = { text: 'one two three four five six seven eight nine ten', pauseSeconds: 0.9 }
    const long = await hub.client.submit('text.count', input, { leaseSeconds: 3 })
    await until('progress', async () => (await progressOf(long.id)) !== undefined, 20_000)
    await hub.client.cancel(long.id, { reason: 'enough' })
    expect(await hub.client.wait(long.id, { timeoutSeconds: 20 })).toMatchObject({
      status: 'canceled',
      statusCode: 499,
    })
    // Eight seconds under a lease of three: it was renewed, and the run is the first one.
    const kept = await hub.client.submit('text.count', { ...input, pauseSeconds: 0.8 }, { leaseSeconds: 3 })
    expect(await hub.client.wait(kept, { timeoutSeconds: 30 })).toMatchObject({ status: 'succeeded', runCount: 1 })
  })

  test('that is killed in the middle is followed by another, and the task ends once', {
    timeout: 120_000,
  }, async () => {
    const input = { text: 'a b c d e f g h', pauseSeconds: 0.5 }
    const first = await startPython(hub, folder.path)
    const task = await hub.client.submit('text.count', input, { leaseSeconds: 3 })
    await until('the middle', async () => /^[3-6] of 8/.test((await progressOf(task.id)) ?? ''), 20_000)
    first.child.kill('SIGKILL')
    expect(await first.exited).toBe('SIGKILL')
    await using _second = await startPython(hub, folder.path)
    const ended = await hub.client.wait(task, { timeoutSeconds: 60 })
    expect(ended).toMatchObject({ status: 'succeeded', runCount: 2, crashCount: 1, result: { output: { words: 8 } } })
    const moves = ended.history.map(({ move }) => move)
    expect(moves.filter((move) => move === 'succeeded')).toHaveLength(1)
    expect(moves).toContain('crashed')
  })

  test('goes on with its run when the hub is started again under it', { timeout: 120_000 }, async () => {
    await using own = await makeFolder()
    const old = await startHub({ folder: own.path })
    await using _python = await startPython(old, own.path)
    const input = { text: 'a b c d e f g h i j k l', pauseSeconds: 0.5 }
    const task = await old.client.submit('text.count', input, { leaseSeconds: 15 })
    await until('a run', async () => (await old.client.get(task.id)).status === 'running', 20_000)
    old.kill('SIGKILL')
    await old.exited
    await using again = await startHub({ folder: own.path, port: Number(new URL(old.at).port) })
    const ended = await again.client.wait(task.id, { timeoutSeconds: 60 })
    expect(ended).toMatchObject({ status: 'succeeded', runCount: 1 })
  })
})
