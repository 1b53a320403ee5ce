/** Instances for tests: in this process where the handlers behave, as a child where they don't. */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { type RunWorkerOptions, runWorker, type WorkerDefinition, type WorkerExit } from '#worker-runtime/index'
import type { FakeHub } from './fake-hub.ts'

const credentials = { accessKeyId: 'TESTKEY', secretAccessKey: 'test-secret' }

export interface TestInstance extends AsyncDisposable {
  readonly exit: Promise<WorkerExit>
  readonly stop: () => void
  readonly logged: readonly { readonly event: string; readonly fields: Readonly<Record<string, unknown>> | undefined }[]
}

export function startInstance(
  hub: FakeHub,
  definition: WorkerDefinition,
  options: RunWorkerOptions = {},
): TestInstance {
  const stopping = new AbortController()
  const logged: { event: string; fields: Readonly<Record<string, unknown>> | undefined }[] = []
  const exit = runWorker(definition, {
    endpoint: hub.endpoint,
    credentials,
    handleSignals: false,
    signal: stopping.signal,
    graceSeconds: 0,
    log: (_level, event, fields) => logged.push({ event, fields }),
    env: {},
    ...options,
  })
  return {
    exit,
    logged,
    stop: () => stopping.abort(),
    [Symbol.asyncDispose]: async () => {
      stopping.abort()
      await exit
    },
  }
}

export interface InstanceProcess extends AsyncDisposable {
  readonly child: ChildProcess
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>
  readonly output: () => string
}

const entry = fileURLToPath(new URL('../fixtures/instance-child.ts', import.meta.url))
const misbehaving = fileURLToPath(new URL('../fixtures/misbehaving-worker.ts', import.meta.url))

export function startInstanceProcess(hub: FakeHub, env: Readonly<Record<string, string>> = {}): InstanceProcess {
  const child = spawn(process.execPath, ['--import', 'tsx', entry, misbehaving], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      TASKURAI_ENDPOINT: hub.endpoint,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      ...env,
    },
  })
  let output = ''
  const add = (chunk: Buffer) => {
    output += chunk.toString('utf8')
  }
  child.stdout.on('data', add)
  child.stderr.on('data', add)
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }))
  })
  return {
    child,
    exited,
    output: () => output,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL')
      await exited
    },
  }
}
