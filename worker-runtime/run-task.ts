import { systemClock } from '#adapters/system/clock'
import { limits } from '#core/contract/limits'
import type { Task } from '#core/contract/task'
import type { Grant } from '#core/contract/worker-protocol'
import type { AnyCommand } from './command.ts'
import type { CommandContext, WorkerLog } from './context.ts'
import { failLine, runFields, stopLine, timeoutLine } from './end-lines.ts'
import { type AbortReason, cut, TaskAborted, TaskExpired, taskError, taskErrorOf } from './failure.ts'
import { jsonTextOf } from './json-text.ts'
import type { Checked, Validator } from './validator.ts'

/** A command with its schemas compiled. */
export interface ReadyCommand {
  readonly command: AnyCommand
  readonly input: Validator
  readonly output: Validator
}

/** One run in the main thread: what stands between a grant and the line that ends it. */
export interface Running {
  readonly grant: Grant
  readonly slot: number
  readonly startedAtMs: number
  /** Made when the handler first asks for its signal: most never do. */
  controller: AbortController | undefined
  aborted: AbortReason | undefined
  ended: boolean
}

export interface RunSurroundings {
  readonly end: (running: Running, line: string) => void
  readonly progress: (running: Running, report: string) => void
  readonly log: (running: Running) => WorkerLog
}

/** Runs the handler and ends the run with its line, or with '' where nothing may be written but a hand-back. */
export async function runTask(running: Running, ready: ReadyCommand, around: RunSurroundings): Promise<void> {
  let line: string
  try {
    line = await lineOf(running, ready, around)
  } catch (thrown) {
    line = threw(running, thrown)
  }
  around.end(running, line)
}

async function lineOf(running: Running, ready: ReadyCommand, around: RunSurroundings): Promise<string> {
  const { grant } = running
  const checked = ready.input(grant.task.arguments)
  const input = checked instanceof Promise ? await checked : checked
  if (!input.ok) return failLine(grant, taskError('invalid-input', `The arguments do not fit: ${input.message}`, false))
  // `never` stands for the input of whichever command this is; the schema has just been held to the value.
  const output = await ready.command.handler(new RunContext(running, around), input.value as never)
  return returned(running, ready, output)
}

function returned(running: Running, ready: ReadyCommand, output: unknown): string | Promise<string> {
  if (running.aborted === 'lease-lost') return ''
  // Asked to stop, it looked at its signal and brought nothing: it stopped. Any value means that the work was done.
  if (running.aborted !== undefined && output === undefined && running.controller !== undefined) return stopped(running)
  const checked = ready.output(output)
  return checked instanceof Promise ? checked.then((later) => succeeded(running, later)) : succeeded(running, checked)
}

function succeeded({ grant }: Running, checked: Checked): string {
  if (!checked.ok) {
    return failLine(grant, taskError('invalid-output', `The result does not fit: ${checked.message}`, false))
  }
  const json = jsonTextOf(checked.value)
  if (!json.ok) return failLine(grant, taskError(json.code, json.message, false))
  const result = json.text === undefined ? '' : `,"result":{"output":${json.text}}`
  return `{"kind":"succeed",${runFields(grant)}${result}}`
}

function threw(running: Running, thrown: unknown): string {
  const { grant, aborted } = running
  if (aborted !== undefined) return stopped(running)
  if (thrown instanceof TaskExpired) return `{"kind":"expire",${runFields(grant)}}`
  return failLine(grant, taskErrorOf(thrown))
}

function stopped({ grant, aborted }: Running): string {
  switch (aborted) {
    case 'cancel':
      return stopLine(grant)
    case 'timeout':
      return timeoutLine(grant, grant.timeoutSeconds)
    default:
      return ''
  }
}

/** What a handler sees. A class, so that a run costs one small object: members are made when they are asked for. */
class RunContext implements CommandContext {
  readonly #running: Running
  readonly #around: RunSurroundings

  constructor(running: Running, around: RunSurroundings) {
    this.#running = running
    this.#around = around
  }

  get task(): Task {
    return this.#running.grant.task
  }

  get signal(): AbortSignal {
    const running = this.#running
    if (running.controller === undefined) {
      running.controller = new AbortController()
      if (running.aborted !== undefined) running.controller.abort(new TaskAborted(running.aborted))
    }
    return running.controller.signal
  }

  get log(): WorkerLog {
    return this.#around.log(this.#running)
  }

  get isLastRun(): boolean {
    return this.task.runCount >= this.task.retry.maxRuns
  }

  // Getters that give functions, so that a handler may take them out of the context.
  get progress(): CommandContext['progress'] {
    return (percent, message) => this.#around.progress(this.#running, progressReport(percent, message))
  }

  get checkExpired(): CommandContext['checkExpired'] {
    return () => {
      const { notStartAfter } = this.task
      if (notStartAfter !== undefined && Date.parse(notStartAfter) < systemClock.now()) throw new TaskExpired()
    }
  }
}

/** Bent into what the hub takes, rather than a run failed for a percentage of 100.01. */
function progressReport(percent: number, message: string | undefined): string {
  const bounded = Math.min(100, Math.max(0, Number(percent) || 0))
  const text = message === undefined ? {} : { message: cut(String(message), limits.progressMessageChars) }
  return JSON.stringify({ percent: bounded, ...text })
}
