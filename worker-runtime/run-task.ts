import { systemClock } from '#adapters/system/clock'
import { limits } from '#core/contract/limits'
import type { Grant } from '#core/contract/worker-protocol'
import type { AnyCommand } from './command.ts'
import type { CommandContext, WorkerLog } from './context.ts'
import { failLine, runFields, stopLine, timeoutLine } from './end-lines.ts'
import { type AbortReason, cut, TaskAborted, TaskExpired, taskError, taskErrorOf } from './failure.ts'
import { jsonTextOf } from './json-text.ts'
import type { Validator } from './validator.ts'

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
  readonly progress: (running: Running, report: string) => void
  readonly log: (running: Running) => WorkerLog
}

/** Runs the handler and answers the line that ends the run, or '' where nothing may be written but a hand-back. */
export async function runTask(running: Running, ready: ReadyCommand, around: RunSurroundings): Promise<string> {
  const { grant } = running
  try {
    const checked = ready.input(grant.task.arguments)
    const input = checked instanceof Promise ? await checked : checked
    if (!input.ok)
      return failLine(grant, taskError('invalid-input', `The arguments do not fit: ${input.message}`, false))
    // `never` stands for the input of whichever command this is; the schema has just been held to the value.
    const output = await ready.command.handler(contextOf(running, around), input.value as never)
    return await returned(running, ready, output)
  } catch (thrown) {
    return threw(running, thrown)
  }
}

async function returned(running: Running, ready: ReadyCommand, output: unknown): Promise<string> {
  const { grant, aborted } = running
  if (aborted === 'lease-lost') return ''
  // Asked to stop, it looked at its signal and brought nothing: it stopped. Any value means that the work was done.
  if (aborted !== undefined && output === undefined && running.controller !== undefined) return stopped(running)
  const checking = ready.output(output)
  const checked = checking instanceof Promise ? await checking : checking
  if (!checked.ok)
    return failLine(grant, taskError('invalid-output', `The result does not fit: ${checked.message}`, false))
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

function contextOf(running: Running, around: RunSurroundings): CommandContext {
  const { task } = running.grant
  let log: WorkerLog | undefined
  return {
    task,
    get signal() {
      if (running.controller === undefined) {
        running.controller = new AbortController()
        if (running.aborted !== undefined) running.controller.abort(new TaskAborted(running.aborted))
      }
      return running.controller.signal
    },
    get log() {
      log ??= around.log(running)
      return log
    },
    isLastRun: task.runCount >= task.retry.maxRuns,
    progress: (percent, message) => around.progress(running, progressReport(percent, message)),
    checkExpired: () => {
      if (task.notStartAfter !== undefined && Date.parse(task.notStartAfter) < systemClock.now())
        throw new TaskExpired()
    },
  }
}

/** Bent into what the hub takes, rather than a run failed for a percentage of 100.01. */
function progressReport(percent: number, message: string | undefined): string {
  const bounded = Math.min(100, Math.max(0, Number(percent) || 0))
  const text = message === undefined ? {} : { message: cut(String(message), limits.progressMessageChars) }
  return JSON.stringify({ percent: bounded, ...text })
}
