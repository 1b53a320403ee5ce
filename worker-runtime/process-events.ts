import { AsyncLocalStorage } from 'node:async_hooks'
import type { Say } from './console-lines.ts'
import type { WriteLog } from './log.ts'
import { runTask } from './run-task.ts'

/** What reaches the process rather than a handler: signals, and errors that nobody caught. */

const signals = ['SIGTERM', 'SIGINT'] as const

interface RunScope {
  readonly command: string
  readonly say: Say
}

/** Which run's code is running, for errors that come late and for the console. One store for all workers of a process. */
const runStore = new AsyncLocalStorage<RunScope>()

/** Runs a task such that its late errors know their command. It ends the run itself and never rejects. */
export function withinRun(scope: RunScope, ...run: Parameters<typeof runTask>): void {
  void runStore.run(scope, runTask, ...run)
}

export function sayOfRun(): Say | undefined {
  return runStore.getStore()?.say
}

export interface ProcessEventsOptions {
  readonly log: WriteLog
  readonly handleSignals: boolean
  readonly graceMs: number
  readonly stop: (why: 'shutdown' | 'crash', graceMs: number) => void
  /** Commands with runs under way. */
  readonly commands: () => readonly string[]
}

export interface ProcessEvents {
  readonly lateRejections: () => number
  readonly remove: () => void
}

export function watchProcess(options: ProcessEventsOptions): ProcessEvents {
  const { log, stop, graceMs } = options
  let asked = false
  let rejections = 0

  const command = () => runStore.getStore()?.command ?? (options.commands().join(', ') || 'none')
  const onSignal = () => {
    // The second one means it: no grace.
    stop('shutdown', asked ? 0 : graceMs)
    asked = true
  }
  const onRejection = (reason: unknown) => {
    rejections++
    log('error', 'rejection.unhandled', { command: command(), error: textOf(reason) })
  }
  const onException = (error: unknown) => {
    // The state of the process is unknown from here on: what runs may finish, nothing new begins.
    log('error', 'exception.uncaught', { command: command(), error: textOf(error) })
    stop('crash', graceMs)
  }
  const onExit = (code: number) => {
    const running = options.commands()
    if (running.length === 0) return
    log('error', 'process.exit', { code, running: running.join(', '), next: 'the hub runs these tasks again' })
  }

  if (options.handleSignals) for (const signal of signals) process.on(signal, onSignal)
  process.on('unhandledRejection', onRejection)
  process.on('uncaughtException', onException)
  process.on('exit', onExit)
  return {
    lateRejections: () => rejections,
    remove: () => {
      for (const signal of signals) process.off(signal, onSignal)
      process.off('unhandledRejection', onRejection)
      process.off('uncaughtException', onException)
      process.off('exit', onExit)
    },
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
