import { limits } from '#core/contract/limits'
import type { Task, TaskError } from '#core/contract/task'
import type { Grant } from '#core/contract/worker-protocol'
import type { AnyCommand } from './command.ts'
import type { CommandContext, TaskFiles, WorkerLog } from './context.ts'
import { childrenField, failLine, runFields, stopLine, timeoutLine } from './end-lines.ts'
import { type AbortReason, cut, TaskAborted, TaskExpired, taskError, taskErrorOf } from './failure.ts'
import type { FlowContext } from './flow/flow-context.ts'
import { flowContextOf } from './flow/flow-of-run.ts'
import { type FlowPort, hasChildren, RunFlow } from './flow/run-flow.ts'
import { jsonTextOf } from './json-text.ts'
import type { RunFiles } from './run-files.ts'
import type { RunLog } from './run-log.ts'
import { tracing } from './trace/load-tracing.ts'
import type { RunTrace } from './trace/run-trace.ts'
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
  /** Made when the run first has to do with files: most never do. */
  files?: RunFiles | undefined
  /** Made with the first line that it logs: most log none. */
  log?: RunLog | undefined
  /** Made when the run first has to do with steps: most never do. */
  flow?: RunFlow | undefined
  flowContext?: FlowContext | undefined
  /** Absent where nobody traces. */
  trace?: RunTrace | undefined
}

export interface RunSurroundings {
  readonly end: (running: Running, line: string) => void
  readonly progress: (running: Running, report: string) => void
  readonly log: (running: Running) => WorkerLog
  /** Epoch ms: the machine's clock, or that of a test. */
  readonly now: () => number
  /** Called once a run at most. */
  readonly files: (running: Running) => RunFiles
  /** Called once a run at most. */
  readonly flow: (running: Running) => FlowPort
}

/** Runs the handler and ends the run with its line, or with '' where nothing may be written but a hand-back. */
export async function runTask(running: Running, ready: ReadyCommand, around: RunSurroundings): Promise<void> {
  const traced = tracing()
  if (traced !== undefined) {
    const { traceRun } = traced instanceof Promise ? await traced : traced
    running.trace = traceRun({ grant: running.grant, now: around.now })
  }
  let line: string
  try {
    const { trace } = running
    line = await (trace === undefined
      ? lineOf(running, ready, around)
      : trace.within(() => lineOf(running, ready, around)))
  } catch (thrown) {
    line = threw(running, thrown)
    if (running.aborted === undefined && !(thrown instanceof TaskExpired)) running.trace?.threw(thrown)
  }
  const divergence = running.flow?.divergence
  if (divergence !== undefined && running.aborted === undefined) line = failed(running, taskErrorOf(divergence))
  if (running.aborted !== 'suspended') running.trace?.end(line)
  // Before the end, so that the folders of an instance are never more than its runs.
  if (running.files !== undefined) await running.files.close()
  // What the hub has taken back in a wait ends in another run.
  if (running.aborted !== 'suspended') around.end(running, line)
}

export function signalOf(running: Running): AbortSignal {
  if (running.controller === undefined) {
    running.controller = new AbortController()
    if (running.aborted !== undefined) running.controller.abort(new TaskAborted(running.aborted))
  }
  return running.controller.signal
}

function filesOf(running: Running, around: RunSurroundings): RunFiles {
  running.files ??= around.files(running)
  return running.files
}

async function lineOf(running: Running, ready: ReadyCommand, around: RunSurroundings): Promise<string> {
  const { grant } = running
  if (grant.task.argumentsApart === true) await bringArguments(running, around)
  const checked = ready.input(grant.task.arguments)
  const input = checked instanceof Promise ? await checked : checked
  if (!input.ok) return failed(running, taskError('invalid-input', `The arguments do not fit: ${input.message}`, false))
  // `never` stands for the input of whichever command this is; the schema has just been held to the value.
  const output = await ready.command.handler(new RunContext(running, around), input.value as never)
  return returned(running, ready, around, output)
}

/** The handler need not know that they lay apart. */
async function bringArguments(running: Running, around: RunSurroundings): Promise<void> {
  const { task } = running.grant
  // The hub stored this very JSON and has parsed it.
  task.arguments = (await filesOf(running, around).fetchArguments()) as NonNullable<Task['arguments']>
  delete task.argumentsApart
}

function returned(
  running: Running,
  ready: ReadyCommand,
  around: RunSurroundings,
  output: unknown,
): string | Promise<string> {
  if (running.aborted === 'lease-lost') return ''
  // Asked to stop, it looked at its signal and brought nothing: it stopped. Any value means that the work was done.
  if (running.aborted !== undefined && output === undefined && running.controller !== undefined) return stopped(running)
  const checked = ready.output(output)
  return checked instanceof Promise
    ? checked.then((later) => succeeded(running, around, later))
    : succeeded(running, around, checked)
}

function succeeded(running: Running, around: RunSurroundings, checked: Checked): string | Promise<string> {
  if (!checked.ok)
    return failed(running, taskError('invalid-output', `The result does not fit: ${checked.message}`, false))
  const json = jsonTextOf(checked.value)
  if (!json.ok) return failed(running, taskError(json.code, json.message, false))
  const { text, isLarge } = json
  if (text !== undefined && isLarge) {
    const kept = filesOf(running, around).keepOutput(text)
    return kept.then((payload) => succeedLine(running, `"outputPayload":"${payload}"`))
  }
  return succeedLine(running, text === undefined ? '' : `"output":${text}`)
}

function failed(running: Running, error: TaskError): string {
  return failLine(running.grant, error, hasSubTasks(running))
}

/** Those of earlier runs count too, also where this one failed before it came to them. */
export function hasSubTasks({ grant, flow }: Running): boolean {
  return flow?.hasChildren ?? hasChildren(grant)
}

function succeedLine(running: Running, output: string): string {
  const { grant, files } = running
  const put = files?.results() ?? []
  const fields = put.length === 0 ? output : `${output === '' ? '' : `${output},`}"files":${JSON.stringify(put)}`
  const children = childrenField(hasSubTasks(running))
  return `{"kind":"succeed",${runFields(grant)}${fields === '' ? '' : `,"result":{${fields}}`}${children}}`
}

function threw(running: Running, thrown: unknown): string {
  const { grant, aborted } = running
  if (aborted !== undefined) return stopped(running)
  if (thrown instanceof TaskExpired) {
    return `{"kind":"expire",${runFields(grant)}${childrenField(hasSubTasks(running))}}`
  }
  return failed(running, taskErrorOf(thrown))
}

function stopped(running: Running): string {
  const { grant, aborted } = running
  switch (aborted) {
    case 'cancel':
      return stopLine(grant, hasSubTasks(running))
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
    return signalOf(this.#running)
  }

  get log(): WorkerLog {
    return this.#around.log(this.#running)
  }

  get files(): TaskFiles {
    return filesOf(this.#running, this.#around)
  }

  get isLastRun(): boolean {
    return this.task.runCount >= this.task.retry.maxRuns
  }

  // Getters that give functions, so that a handler may take them out of the context.
  get progress(): CommandContext['progress'] {
    return (percent, message) => this.#around.progress(this.#running, progressReport(percent, message))
  }

  get #flow(): FlowContext {
    const running = this.#running
    if (running.flowContext === undefined) {
      running.flow = new RunFlow(running.grant, this.#around.flow(running), running.trace)
      running.flowContext = flowContextOf(running.flow)
    }
    return running.flowContext
  }

  get step(): CommandContext['step'] {
    return this.#flow.step
  }

  get sleep(): CommandContext['sleep'] {
    return this.#flow.sleep
  }

  get waitForSignal(): CommandContext['waitForSignal'] {
    return this.#flow.waitForSignal
  }

  get create(): CommandContext['create'] {
    return this.#flow.create
  }

  get call(): CommandContext['call'] {
    return this.#flow.call
  }

  get wait(): CommandContext['wait'] {
    return this.#flow.wait
  }

  get checkExpired(): CommandContext['checkExpired'] {
    return () => {
      const { notStartAfter } = this.task
      if (notStartAfter !== undefined && Date.parse(notStartAfter) < this.#around.now()) throw new TaskExpired()
    }
  }
}

/** Bent into what the hub takes, rather than a run failed for a percentage of 100.01. */
function progressReport(percent: number, message: string | undefined): string {
  const bounded = Math.min(100, Math.max(0, Number(percent) || 0))
  const text = message === undefined ? {} : { message: cut(String(message), limits.progressMessageChars) }
  return JSON.stringify({ percent: bounded, ...text })
}
