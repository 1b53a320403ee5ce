import { type ChildProcess, spawn } from 'node:child_process'
import type { Launcher, LaunchOutcome, LaunchRefusal } from '#core/ports'
import { sharedMonotonicMs } from './monotonic.ts'
import { createOutputLines } from './output-lines.ts'
import { compileCache } from './own-program.ts'

/**
 * Starts instances as child processes of this machine.
 *
 * Invariants:
 * 1. A token starts its children once; asked again it tells what it started (protocol 34).
 * 2. Only what was started here is ever ended, and only by `stopAll`.
 */

export interface InstanceExit {
  readonly launch: string
  readonly worker: string
  readonly pid: number
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** The last lines it printed: why it ended, most likely. */
  readonly lastLines: readonly string[]
}

export interface ProcessLauncherOptions {
  /** The program and its arguments for a worker's launch spec. */
  readonly command: (spec: unknown, worker: string) => readonly string[]
  /** Whole environment of the children but the two that name the launch; asked at each launch, since keys change. */
  readonly environment: () => Readonly<Record<string, string | undefined>>
  readonly onExit: (exit: InstanceExit) => void
  /** Every line of a child's output, also those that are too many to be told. */
  readonly onLine?: (line: string, launch: { readonly worker: string }) => void
  /** A line of a child's output. */
  readonly log: (
    line: string,
    launch: { readonly worker: string; readonly launch: string; readonly pid: number },
  ) => void
}

export interface ProcessLauncher extends Launcher {
  /** Asks all children to leave and ends those that have not after `graceMs`. From then on nothing is launched. */
  readonly stopAll: (graceMs: number) => Promise<void>
  readonly running: () => readonly { readonly launch: string; readonly worker: string; readonly pid: number }[]
}

const tokensRemembered = 1_000
/** How long after SIGKILL a child may take: it cannot refuse, only be slow. */
const killedMostMs = 5_000

export function createProcessLauncher(options: ProcessLauncherOptions): ProcessLauncher {
  const launched = new Map<string, Promise<LaunchOutcome>>()
  const children = new Map<string, { readonly child: ChildProcess; readonly worker: string; readonly pid: number }>()
  let stopped = false

  const startAll: (decision: Parameters<Launcher['launch']>[0]) => Promise<LaunchOutcome> = async (decision) => {
    const launches: string[] = []
    const refused: LaunchRefusal[] = []
    for (let index = 0; index < decision.count; index++) {
      const launch = `${decision.token}-${index}`
      const refusal = await startOne(launch, decision)
      if (refusal === undefined) launches.push(launch)
      else refused.push(refusal)
    }
    return { kind: 'launched', launches, refused }
  }

  const startOne = async (
    launch: string,
    { worker, generation, spec }: Parameters<Launcher['launch']>[0],
  ): Promise<LaunchRefusal | undefined> => {
    const [program, ...args] = options.command(spec, worker)
    if (program === undefined) return { reason: 'other', message: `no command for worker ${worker}` }
    const env = {
      ...compileCache(),
      ...options.environment(),
      TASKURAI_LAUNCH: launch,
      TASKURAI_GENERATION: generation,
    }
    const child = spawn(program, args, {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      windowsHide: true,
      // A group of its own: Ctrl-C at the hub's terminal is the hub's to pass on, once and with its grace.
      detached: process.platform !== 'win32',
    })
    // Listened to before anything else: what cannot be spawned tells so by an event.
    const failure = await new Promise<Error | undefined>((resolve) => {
      child.once('spawn', () => resolve(undefined))
      child.once('error', resolve)
    })
    const { pid } = child
    if (failure !== undefined || pid === undefined) return refusalOf(failure)
    follow(child, { launch, worker, pid })
    return undefined
  }

  const follow = (
    child: ChildProcess,
    who: { readonly launch: string; readonly worker: string; readonly pid: number },
  ) => {
    const output = createOutputLines(
      (line) => options.log(line, who),
      sharedMonotonicMs,
      (line) => options.onLine?.(line, who),
    )
    if (child.stdout !== null) output.watch(child.stdout)
    if (child.stderr !== null) output.watch(child.stderr)
    children.set(who.launch, { child, ...who })
    child.on('error', () => {})
    // 'close' comes after the last line of output, 'exit' may come before.
    child.once('close', (code, signal) => {
      children.delete(who.launch)
      options.onExit({ ...who, code, signal, lastLines: [...output.last()] })
    })
  }

  return {
    launch: (decision) => {
      const before = launched.get(decision.token)
      if (before !== undefined) return before
      if (stopped) {
        const message = 'the hub is stopping'
        return Promise.resolve({ kind: 'launched', launches: [], refused: [{ reason: 'other', message }] })
      }
      const outcome = startAll(decision)
      launched.set(decision.token, outcome)
      for (const oldest of launched.keys()) {
        if (launched.size <= tokensRemembered) break
        launched.delete(oldest)
      }
      return outcome
    },
    stopAll: async (graceMs) => {
      stopped = true
      // Those just being started are waited for: a child that nobody knows of would be left behind.
      await Promise.allSettled(launched.values())
      const all = [...children.values()].map(({ child }) => child)
      for (const child of all) child.kill('SIGTERM')
      await goneWithin(all, graceMs)
      for (const child of all) if (isAlive(child)) child.kill('SIGKILL')
      await goneWithin(all, killedMostMs)
    },
    running: () => [...children.entries()].map(([launch, { worker, pid }]) => ({ launch, worker, pid })),
  }
}

function isAlive(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null
}

async function goneWithin(children: readonly ChildProcess[], ms: number): Promise<void> {
  const alive = children.filter(isAlive)
  if (alive.length === 0) return
  let timer: NodeJS.Timeout | undefined
  const time = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms)
  })
  const gone = Promise.all(alive.map((child) => new Promise((resolve) => child.once('close', resolve))))
  await Promise.race([gone, time])
  clearTimeout(timer)
}

function refusalOf(failure: Error | undefined): LaunchRefusal {
  const code = failure !== undefined && 'code' in failure ? failure.code : undefined
  const isFull = code === 'EAGAIN' || code === 'ENOMEM' || code === 'EMFILE' || code === 'ENFILE'
  return { reason: isFull ? 'capacity' : 'other', message: failure?.message ?? 'the process has no id' }
}
