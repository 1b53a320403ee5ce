import { type Connection, type ConnectionOptions, resolveConnection } from '#client/credentials'
import { startAgentThread } from './agent-thread.ts'
import { commandKey } from './command.ts'
import { boardOf, createBoardMemory, type ExitReason, exitCodes, type FromAgent } from './link.ts'
import { lineLog, type WriteLog } from './log.ts'
import { watchProcess, withinCommand } from './process-events.ts'
import { createRunFiles, type RunFilesOptions } from './run-files.ts'
import type { ReadyCommand } from './run-task.ts'
import { createRuns } from './runs.ts'
import { validatorOf } from './validator.ts'
import { toManifest, type WorkerDefinition } from './worker.ts'

export interface RunWorkerOptions extends ConnectionOptions {
  /** How long a first SIGTERM or SIGINT leaves what runs alone; `TASKURAI_GRACE_SECONDS`, or 20. */
  readonly graceSeconds?: number
  /** Instead of what the hub says: 0 leaves as soon as there is no work, Infinity never. */
  readonly idleSeconds?: number
  /** False where the program around has its own; then `signal` stops the worker. */
  readonly handleSignals?: boolean
  /** Aborting it is a SIGTERM. */
  readonly signal?: AbortSignal
  /** Where lines of log go; stdout by default. */
  readonly log?: WriteLog
  readonly env?: Readonly<Record<string, string | undefined>>
  /** How long a hub may be away before an instance that it launched gives up; 30 by default. */
  readonly hubAwaySeconds?: number
}

/** How an instance ended. `code` is what its process should exit with. */
export interface WorkerExit {
  readonly why: ExitReason
  readonly message: string
  readonly code: number
  /** Rejections that no handler waited for any more. */
  readonly lateRejections: number
}

const defaultGraceSeconds = 20
const defaultHubAwaySeconds = 30
const beatMs = 200
/** JSON has no Infinity, and neither has the agent's comparison need of one. */
const idleNeverSeconds = 1e9

/**
 * Runs one instance of a worker until it leaves: idle, recycled, asked to, or without its hub. One a process.
 *
 * @example process.exitCode = (await runWorker(definition)).code
 */
export async function runWorker(definition: WorkerDefinition, options: RunWorkerOptions = {}): Promise<WorkerExit> {
  const env = options.env ?? process.env
  const found = resolveConnection(options)
  if (!found.ok) return { why: 'refused', message: found.message, code: exitCodes.refused, lateRejections: 0 }
  const { endpoint, credentials, region } = found.connection
  const log =
    options.log ?? lineLog((line) => process.stdout.write(line), env.TASKURAI_LOG === 'json' ? 'json' : 'text')
  const launch = env.TASKURAI_LAUNCH || undefined
  const memory = createBoardMemory()
  const board = boardOf(memory)
  const { recycle = {} } = definition
  const transfers = transfersOf(found.connection)
  const graceMs = graceSecondsOf(options, env) * 1_000

  const exit = await new Promise<Pick<WorkerExit, 'why' | 'message' | 'lateRejections'>>((resolve) => {
    const end = (why: ExitReason, message: string) => {
      clearInterval(beat)
      options.signal?.removeEventListener('abort', onAbort)
      events.remove()
      runs.abortAll('shutdown')
      void agent.stop().finally(() => resolve({ why, message, lateRejections: events.lateRejections() }))
    }
    const onMessage = (message: FromAgent) => {
      switch (message.kind) {
        case 'grants':
          return runs.take(message)
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
        connection: { endpoint: endpoint.href, credentials, region },
        worker: definition.name,
        concurrency: definition.concurrency,
        board: memory,
        recycle: definedOf(recycle),
        hubAwayMs: (options.hubAwaySeconds ?? defaultHubAwaySeconds) * 1_000,
        ...(options.idleSeconds === undefined ? {} : { idleSeconds: Math.min(options.idleSeconds, idleNeverSeconds) }),
        ...(env.TASKURAI_GENERATION ? { generation: env.TASKURAI_GENERATION } : {}),
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
      files: ({ grant }) => createRunFiles({ task: grant.task, transfers }),
      within: withinCommand,
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

/** The code that sends and fetches files is loaded with the first one. */
function transfersOf(connection: Connection): RunFilesOptions['transfers'] {
  let transfers: ReturnType<RunFilesOptions['transfers']> | undefined
  return () => {
    transfers ??= import('#client/transfers').then(({ createTransfers }) => createTransfers(connection))
    return transfers
  }
}

function readyCommands({ commands }: WorkerDefinition): ReadonlyMap<string, ReadyCommand> {
  return new Map(
    commands.map((command) => [
      commandKey(command.name, command.version),
      { command, input: validatorOf(command.input), output: validatorOf(command.output) },
    ]),
  )
}

function graceSecondsOf({ graceSeconds }: RunWorkerOptions, env: NonNullable<RunWorkerOptions['env']>): number {
  const told = graceSeconds ?? Number(env.TASKURAI_GRACE_SECONDS || Number.NaN)
  return Number.isFinite(told) && told >= 0 ? told : defaultGraceSeconds
}

function definedOf<T extends object>(record: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  const entries = Object.entries(record).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as { [Key in keyof T]?: Exclude<T[Key], undefined> }
}
