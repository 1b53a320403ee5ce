import type { ConnectionOptions } from '#client/credentials'
import { workerId } from '#core/contract/worker-id'
import { startAgentThread } from './agent-thread.ts'
import { commandKey } from './command.ts'
import { watchConsole } from './console-lines.ts'
import { type FoundHub, findHub } from './find-hub.ts'
import { boardOf, createBoardMemory, type ExitReason, exitCodes, type FromAgent } from './link.ts'
import { lineLog, type WriteLog } from './log.ts'
import { createPrinter } from './print-lines.ts'
import { sayOfRun, watchProcess, withinRun } from './process-events.ts'
import { createRunFiles } from './run-files.ts'
import type { RunLogOptions } from './run-log.ts'
import type { ReadyCommand } from './run-task.ts'
import { createRuns } from './runs.ts'
import { validatorOf } from './validator.ts'
import { toManifest, type WorkerDefinition } from './worker.ts'

export interface RunWorkerOptions extends ConnectionOptions {
  /** How long a first SIGTERM or SIGINT leaves what runs alone; `TASKURAI_GRACE_SECONDS`, or 20, and 110 on Fargate. */
  readonly graceSeconds?: number
  /** Instead of what the hub says: 0 leaves as soon as there is no work, Infinity never. */
  readonly idleSeconds?: number
  /** Take only tasks that were submitted under this key, from a queue of its own: your own, of a hub that others share. */
  readonly isolationKey?: string
  /** False where the program around has its own; then `signal` stops the worker. */
  readonly handleSignals?: boolean
  /** Aborting it is a SIGTERM. */
  readonly signal?: AbortSignal
  /** Where lines of log go; stdout by default. */
  readonly log?: WriteLog
  readonly env?: Readonly<Record<string, string | undefined>>
  /** How long a hub may be away before an instance that it launched gives up; 30 by default, 300 on Fargate. */
  readonly hubAwaySeconds?: number
  /** How long an instance that was launched and runs no task may be silent before it ends itself; 300 by default. */
  readonly silentSeconds?: number
}

type Env = NonNullable<RunWorkerOptions['env']>

/** How an instance ended. `code` is what its process should exit with. */
export interface WorkerExit {
  readonly why: ExitReason
  readonly message: string
  readonly code: number
  /** Rejections that no handler waited for any more. */
  readonly lateRejections: number
}

const defaultSilentSeconds = 300
const beatMs = 200
/** JSON has no Infinity, and neither has the agent's comparison need of one. */
const idleNeverSeconds = 1e9

/**
 * Runs one instance of a worker until it leaves: idle, recycled, asked to, or without its hub. One a process.
 *
 * @example process.exitCode = (await runWorker(definition)).code
 */
export async function runWorker(defined: WorkerDefinition, options: RunWorkerOptions = {}): Promise<WorkerExit> {
  const { isolationKey = defined.isolationKey } = options
  const definition = isolationKey === undefined ? defined : { ...defined, isolationKey }
  const env = options.env ?? process.env
  const found = await findHub(definition.name, options, env)
  if (!found.ok) return { why: found.why, message: found.message, code: exitCodes[found.why], lateRejections: 0 }
  const { hub } = found
  const { print, printedBytes } = createPrinter(process.stdout, (lines) => log('warn', 'log.unread', { lost: lines }))
  const log = options.log ?? lineLog(print, formatOf(hub, env))
  const unwatchConsole = env.TASKURAI_CONSOLE === 'plain' ? () => undefined : watchConsole(sayOfRun)
  const memory = createBoardMemory()
  const board = boardOf(memory)
  const { recycle = {} } = definition
  const { transfers, launch, defaults } = hub
  const graceMs = graceSecondsOf(options, env, defaults.graceSeconds) * 1_000

  const exit = await new Promise<Pick<WorkerExit, 'why' | 'message' | 'lateRejections'>>((resolve) => {
    const end = (why: ExitReason, message: string) => {
      clearInterval(beat)
      options.signal?.removeEventListener('abort', onAbort)
      events.remove()
      unwatchConsole()
      runs.abortAll('shutdown')
      void agent.stop().finally(() => resolve({ why, message, lateRejections: events.lateRejections() }))
    }
    const onMessage = (message: FromAgent) => {
      switch (message.kind) {
        case 'grants':
          return runs.take(message)
        case 'flow':
          return runs.told(message)
        case 'abort':
          return runs.abort(message.run, message.reason)
        case 'log':
          return log(message.level, message.event, message.fields)
        case 'exit':
          return end(message.why, message.message)
        default:
          message satisfies never
      }
    }
    const agent = startAgentThread(
      {
        hub: hub.place,
        hubName: hub.name,
        // What a hub launched is everybody's, whatever its environment says.
        worker: launch === undefined ? workerId(definition) : definition.name,
        concurrency: definition.concurrency,
        board: memory,
        recycle: definedOf(recycle),
        hubAwayMs: (options.hubAwaySeconds ?? defaults.hubAwaySeconds) * 1_000,
        mainSilentMs: (options.silentSeconds ?? defaultSilentSeconds) * 1_000,
        ...(options.idleSeconds === undefined ? {} : { idleSeconds: Math.min(options.idleSeconds, idleNeverSeconds) }),
        ...(hub.generation === undefined ? {} : { generation: hub.generation }),
        ...(launch === undefined ? { manifest: JSON.stringify(toManifest(definition)) } : { launch }),
      },
      {
        onMessage,
        onBroken: (error) => {
          log('error', 'agent.broken', { error: error.stack ?? error.message })
          runs.abortAll('lease-lost')
          end('crash', `the agent broke: ${error.message}`)
        },
      },
    )
    const runs = createRuns({
      commands: readyCommands(definition),
      concurrency: definition.concurrency,
      board,
      send: agent.send,
      log,
      logLimits: { printedBytes, ...logLinesOf(env) },
      files: ({ grant }) => createRunFiles({ task: grant.task, transfers }),
      within: withinRun,
    })
    const stop = (why: 'shutdown' | 'crash', stopGraceMs: number) =>
      agent.send({ kind: 'stop', why, graceMs: stopGraceMs })
    const { handleSignals = true } = options
    const events = watchProcess({ log, handleSignals, graceMs, stop, commands: runs.commands })
    const beat = setInterval(() => Atomics.add(board.beat, 0, 1), beatMs)
    const onAbort = () => stop('shutdown', graceMs)
    options.signal?.addEventListener('abort', onAbort, { once: true })
    if (options.signal?.aborted === true) onAbort()
  })
  log('info', 'worker.gone', { why: exit.why, message: exit.message })
  return { ...exit, code: exitCodes[exit.why] }
}

function readyCommands({ commands }: WorkerDefinition): ReadonlyMap<string, ReadyCommand> {
  return new Map(
    commands.flatMap((command) => {
      const ready: ReadyCommand = { command, input: validatorOf(command.input), output: validatorOf(command.output) }
      const exact = [commandKey(command.name, command.version), ready] as const
      // A fallback is found by its bare name, for the versions that nothing else is there for.
      return command.fallback === true ? [exact, [command.name, ready] as const] : [exact]
    }),
  )
}

function formatOf({ defaults }: FoundHub, { TASKURAI_LOG: told }: Env): 'text' | 'json' {
  return told === 'json' || told === 'text' ? told : defaults.log
}

/** How many lines a run may print, where its deployment says otherwise. */
function logLinesOf({ TASKURAI_LOG_LINES: told }: Env): Pick<RunLogOptions, 'linesMost'> {
  const linesMost = Number(told || Number.NaN)
  return Number.isInteger(linesMost) && linesMost >= 0 ? { linesMost } : {}
}

function graceSecondsOf({ graceSeconds }: RunWorkerOptions, env: Env, otherwise: number): number {
  const told = graceSeconds ?? Number(env.TASKURAI_GRACE_SECONDS || Number.NaN)
  return Number.isFinite(told) && told >= 0 ? told : otherwise
}

function definedOf<T extends object>(record: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  const entries = Object.entries(record).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as { [Key in keyof T]?: Exclude<T[Key], undefined> }
}
