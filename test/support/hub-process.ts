/** A hub as people run it: `taskurai serve` in a process of its own, on a folder that may outlive it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { listKeys } from '#adapters/files/credentials-file'
import { type Client, type ClientOptions, createClient } from '#client/index'
import { until } from './until.ts'

const program = fileURLToPath(new URL('../../bin/taskurai.ts', import.meta.url))
/** Most of it is for machines that do many other things at the same time. */
const openMostMs = 60_000

export interface HubProcessOptions {
  readonly folder: string
  /** Names of modules in test/fixtures/workers. */
  readonly workers?: readonly string[]
  readonly port?: number
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
}

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface HubProcess extends AsyncDisposable {
  readonly child: ChildProcess
  readonly exited: Promise<Exit>
  readonly output: () => string
  /** Set once the hub has said where it is. */
  readonly endpoint: () => string | undefined
  readonly kill: (signal: NodeJS.Signals) => void
}

export interface OpenHubProcess extends HubProcess {
  readonly at: string
  readonly client: Client
}

export async function makeFolder(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'taskurai-hub-'))
  // A hub's instance may write its last line while the folder goes.
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true, maxRetries: 5 }) }
}

export function fixtureWorker(name: string): string {
  return fileURLToPath(new URL(`../fixtures/workers/${name}.ts`, import.meta.url))
}

/** What a child of a test should know of the world around: a path, and nothing of keys or hubs. */
export function plainEnv(extra: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const { PATH = '', HOME = '' } = process.env
  return { PATH, HOME, TASKURAI_GRACE_SECONDS: '1', TASKURAI_LOG: 'info', ...extra }
}

/** Spawns the hub and answers at once; `startHub` waits until it is open. */
export function spawnHub(options: HubProcessOptions): HubProcess {
  const { folder, workers = [], port = 0, env, cwd } = options
  const flags = workers.flatMap((name) => ['--worker', fixtureWorker(name)])
  const args = ['--import', import.meta.resolve('tsx'), program, 'serve', '--data', folder, ...flags]
  // A port of the environment is left to be read.
  if (env?.TASKURAI_PORT === undefined) args.push('--port', String(port))
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: plainEnv(env),
    ...(cwd === undefined ? {} : { cwd }),
  })
  return followHub(child)
}

/** A test that ran out of its time disposes of nothing: what is left then goes with the process of the tests. */
const children = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL')
})

export function followHub(child: ChildProcess): HubProcess {
  let text = ''
  children.add(child)
  child.once('close', () => children.delete(child))
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8')
    stream?.on('data', (chunk: string) => {
      text += chunk
    })
  }
  const exited = new Promise<Exit>((resolve) => child.once('close', (code, signal) => resolve({ code, signal })))
  const kill = (signal: NodeJS.Signals) => void child.kill(signal)
  return {
    child,
    exited,
    output: () => text,
    endpoint: () => /taskurai hub on (http:\S+),/.exec(text)?.[1],
    kill,
    [Symbol.asyncDispose]: async () => {
      kill('SIGTERM')
      const timer = setTimeout(() => kill('SIGKILL'), 10_000)
      await exited
      clearTimeout(timer)
    },
  }
}

export async function startHub(options: HubProcessOptions): Promise<OpenHubProcess> {
  const hub = spawnHub(options)
  const count = options.workers?.length ?? 0
  const isReady = () => hub.endpoint() !== undefined && hub.output().split('\nworker ').length - 1 >= count
  let gone: Exit | undefined
  void hub.exited.then((exit) => {
    gone = exit
  })
  try {
    await until('an open hub', () => isReady() || gone !== undefined, openMostMs)
  } catch (cause) {
    await hub[Symbol.asyncDispose]()
    throw new Error(`no open hub: ${hub.output()}`, { cause })
  }
  const at = hub.endpoint()
  if (at === undefined || gone !== undefined) throw new Error(`the hub ended: ${hub.output()}`)
  return { ...hub, at, client: clientOf(options.folder, at) }
}

/** A client with the first key of the data folder. */
export function clientOf(folder: string, endpoint: string, options: ClientOptions = {}): Client {
  return createClient({ endpoint, credentials: keysOf(folder), region: 'local', ...options })
}

export function keysOf(folder: string): { readonly accessKeyId: string; readonly secretAccessKey: string } {
  const listed = listKeys(folder)
  const key = listed.ok ? listed.keys.find(({ name }) => name === 'default') : undefined
  if (key === undefined) throw new Error(`no default key in ${folder}`)
  return { accessKeyId: key.accessKeyId, secretAccessKey: key.secretKey }
}
