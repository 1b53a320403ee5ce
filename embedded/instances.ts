import type { Socket } from 'node:net'
import { listKeys } from '#adapters/files/credentials-file'
import { createProcessLauncher } from '#adapters/process/launcher'
import type { Launcher, Log } from '#core/ports'
import { readFleet } from '#core/workers/fleet'
import { readWorkerNames } from '#core/workers/put-worker'
import type { World } from '#core/world'
import type { WorkerCalls } from '#functions/worker-protocol/worker-calls'
import { isProcessAlive } from './dead-instances.ts'
import { instanceCommand } from './instance-command.ts'
import { type Adopted, stopAdopted } from './stop-adopted.ts'
import { WorkerStream } from './worker-stream.ts'

/** How long a stopping hub gives its instances to finish or hand back before it ends them. */
const stopGraceMs = 25_000
/** How long after a stream broke its process is looked at: a dying one may close its stream first. */
const lookAfterMs = 250

export interface InstancesOptions {
  readonly world: World
  readonly calls: WorkerCalls
  readonly folder: string
  readonly log: Log
  readonly onOutput: ((worker: string, line: string) => void) | undefined
  /** Every line, also those that are too many to be shown. */
  readonly onLine: (worker: string, line: string) => void
  readonly onFailed: (error: unknown) => void
}

export interface Instances {
  readonly launcher: Launcher
  readonly accept: (socket: Socket, principal: string) => void
  readonly push: (instance: string, message: unknown) => void
  readonly setEndpoint: (endpoint: string) => void
  readonly scaleIfWaiting: (nudge: (worker: string, queued: number) => void) => () => Promise<void>
  readonly stop: () => Promise<void>
}

/** The instances of this machine: their processes, their streams, and what becomes of their runs when they die. */
export function createInstances(options: InstancesOptions): Instances {
  const { world, calls, log, onFailed } = options
  const streams = new Map<string, WorkerStream>()
  const open = new Set<WorkerStream>()
  let endpoint = ''

  const launcher = createProcessLauncher({
    command: instanceCommand,
    environment: () => ({ ...process.env, TASKURAI_ENDPOINT: endpoint, ...workerKey(options.folder) }),
    onExit: ({ launch, worker, code, signal, lastLines }) => {
      const why = signal === null ? `it exited with code ${code}` : `it was ended by ${signal}`
      const said = lastLines.at(-1)
      void died({ launch, worker, why: said === undefined || code === 0 ? why : `${why}: ${said}` })
    },
    log: (line, { worker }) => options.onOutput?.(worker, line),
    onLine: (line, { worker }) => options.onLine(worker, line),
  })

  async function died(ask: { launch: string; worker: string; why: string }): Promise<void> {
    log.info('instance.ended', ask)
    await calls.instanceDied(ask).catch(onFailed)
  }

  /** A stream that broke while its process lives is waited for; one whose process is gone is a death. */
  function closed(stream: WorkerStream, instance: string | undefined): void {
    open.delete(stream)
    if (instance === undefined || streams.get(instance) !== stream) return
    streams.delete(instance)
    const session = calls.sessionOf(instance)
    if (session?.launch === undefined || session.pid === undefined) return
    const { launch, pid, worker } = session
    setTimeout(() => {
      if (isProcessAlive(pid) || calls.sessionOf(instance) === undefined) return
      void died({ launch, worker, why: 'its process is gone' })
    }, lookAfterMs).unref()
  }

  function adopted(): readonly Adopted[] {
    const own = new Set(launcher.running().map(({ launch }) => launch))
    return [...calls.sessions()].flatMap(({ instance, launch, pid }) => {
      if (launch === undefined || pid === undefined || pid === process.pid || own.has(launch)) return []
      return [{ pid, isHere: () => streams.has(instance) }]
    })
  }

  return {
    launcher,
    accept: (socket, principal) => {
      const stream: WorkerStream = new WorkerStream({
        socket,
        calls,
        principal,
        onRegistered: (instance, registered) => {
          const standing = streams.get(instance)
          streams.set(instance, registered)
          if (standing !== undefined && standing !== registered) standing.close()
        },
        onClosed: (instance) => closed(stream, instance),
        log: (event, fields) => log.warn(event, fields),
      })
      open.add(stream)
    },
    push: (instance, message) => streams.get(instance)?.send(message),
    setEndpoint: (url) => {
      endpoint = url
    },
    scaleIfWaiting: (nudge) => async () => {
      for (const worker of await readWorkerNames(world)) {
        const [{ visible }, read] = await Promise.all([world.queue.depth(worker), readFleet(world, worker)])
        if (visible > 0 || (read?.fleet.manifest.scaling.min ?? 0) > 0) nudge(worker, visible)
      }
    },
    stop: async () => {
      await Promise.all([launcher.stopAll(stopGraceMs), stopAdopted(adopted(), stopGraceMs)])
      for (const stream of open) stream.close()
    },
  }
}

/** Launched instances sign with the data folder's `worker` key, which may call the worker protocol and nothing else. */
function workerKey(folder: string): Readonly<Record<string, string>> {
  const listed = listKeys(folder)
  const key = listed.ok ? listed.keys.find(({ name }) => name === 'worker') : undefined
  if (key === undefined) return {}
  return { AWS_ACCESS_KEY_ID: key.accessKeyId, AWS_SECRET_ACCESS_KEY: key.secretKey, AWS_REGION: key.region }
}
