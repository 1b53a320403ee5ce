import { sharedMonotonicMs } from '#adapters/process/monotonic'
import { systemChance } from '#adapters/system/chance'
import { systemClock } from '#adapters/system/clock'
import type { Grant } from '#core/contract/worker-protocol'
import type { LineOf } from '#core/log-text'
import { commandKey } from './command.ts'
import type { Say } from './console-lines.ts'
import { failLine } from './end-lines.ts'
import { type AbortReason, TaskAborted, TaskFailure, taskError } from './failure.ts'
import type { FlowPort } from './flow/run-flow.ts'
import { type Board, type FlowMessage, type FromAgent, slotState, type TurnMessage } from './link.ts'
import type { WriteLog } from './log.ts'
import type { RunFiles } from './run-files.ts'
import { createRunLog, type RunLog, type RunLogOptions } from './run-log.ts'
import {
  hasSubTasks,
  type ReadyCommand,
  type Running,
  type RunSurroundings,
  type runTask,
  signalOf,
} from './run-task.ts'

export interface Runs {
  readonly take: (grants: Extract<FromAgent, { kind: 'grants' }>) => void
  /** The hub's answer to what a run said of its steps. */
  readonly told: (message: Extract<FromAgent, { kind: 'flow' }>) => void
  readonly abort: (run: string, reason: AbortReason) => void
  readonly abortAll: (reason: AbortReason) => void
  /** Commands of the runs that are under way, for messages about the process. */
  readonly commands: () => readonly string[]
}

export interface RunsOptions {
  readonly commands: ReadonlyMap<string, ReadyCommand>
  readonly concurrency: number
  readonly board: Board
  readonly send: (message: TurnMessage | FlowMessage) => void
  readonly log: WriteLog
  readonly logLimits: Pick<RunLogOptions, 'printedBytes' | 'linesMost'>
  readonly files: (running: Running) => RunFiles
  /** `runTask`, in such a way that what the command's code prints, and its late errors, can be told from those of others. */
  readonly within: (scope: { command: string; say: Say }, ...run: Parameters<typeof runTask>) => void
}

/** A message about steps that the hub has not answered. */
interface Asked {
  readonly run: Running
  readonly resolve: (answer: unknown) => void
  readonly reject: (reason: TaskAborted) => void
}

interface Waiting {
  readonly grant: Grant
  readonly slot: number
  /** Asked to stop before it was started, it is started all the same: it may have something to undo. */
  aborted: AbortReason | undefined
}

const progressTellMs = 100

/**
 * The main thread's side of the runs. Everything that happens in one turn of the event loop goes to the agent as one
 * message, and as many runs as there are free places are started once a turn, so that I/O gets its share between them.
 */
export function createRuns(options: RunsOptions): Runs {
  const { board, concurrency } = options
  const running = new Map<string, Running>()
  const progress = new Map<string, string>()
  let waiting: Waiting[] = []
  let next = 0
  let turn = emptyTurn()
  let turnSet = false
  let progressTold = 0
  let progressTimer: NodeJS.Timeout | undefined

  const atTurnEnd = () => {
    if (turnSet) return
    turnSet = true
    setImmediate(endTurn)
  }

  const endTurn = () => {
    turnSet = false
    sendTurn()
    start()
  }

  const sendTurn = () => {
    const ended = turn
    turn = emptyTurn()
    if (ended.slots.length > 0 || ended.progress.length > 0) options.send(ended)
  }

  const start = () => {
    while (next < waiting.length && running.size < concurrency) {
      const entry = waiting[next++]
      if (entry !== undefined) startOne(entry)
    }
    if (next > 0 && next >= waiting.length) {
      waiting = []
      next = 0
    }
  }

  const startOne = ({ grant, slot, aborted }: Waiting) => {
    const startedAtMs = sharedMonotonicMs()
    board.startedAtMs[slot] = startedAtMs
    if (Atomics.compareExchange(board.states, slot, slotState.granted, slotState.started) !== slotState.granted) {
      turn.slots.push(slot)
      atTurnEnd()
      return
    }
    const run: Running = {
      grant,
      slot,
      startedAtMs,
      controller: undefined,
      aborted,
      ended: false,
      files: undefined,
    }
    running.set(grant.run, run)
    const key = commandKey(grant.task.command, grant.task.version)
    const ready = options.commands.get(key) ?? options.commands.get(grant.task.command)
    if (ready === undefined) {
      const error = taskError('not-hosted', `This instance does not host ${key}`, true)
      finish(run, failLine(grant, error, hasSubTasks(run)))
      return
    }
    options.within({ command: key, say: (level, text) => logOfRun(run).say(level, text) }, run, ready, around)
  }

  /** Made with a run's first line: most log nothing. */
  const logOfRun = (run: Running): RunLog => {
    run.log ??= createRunLog({ write: options.log, of: lineOf(run.grant), ...options.logLimits })
    return run.log
  }

  const finish = (run: Running, line: string) => {
    const { grant, slot, startedAtMs } = run
    run.log?.end()
    run.ended = true
    running.delete(grant.run)
    flushProgressOf(grant.run)
    turn.runs.push(grant.run)
    turn.lines.push(line)
    turn.slots.push(slot)
    turn.handlerMs += sharedMonotonicMs() - startedAtMs
    atTurnEnd()
  }

  const flushProgressOf = (run: string) => {
    const report = progress.get(run)
    if (report === undefined) return
    progress.delete(run)
    turn.progress.push(run, report)
  }

  const tellProgress = () => {
    progressTimer = undefined
    progressTold = sharedMonotonicMs()
    for (const run of progress.keys()) flushProgressOf(run)
    atTurnEnd()
  }

  const asked = new Map<number, Asked>()
  let numbers = 0

  /** Never settles for a run that is over: whoever waits for it is left behind. */
  const ask = (run: Running, op: FlowMessage['op'], fields: string): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (run.ended) return
      if (op === 'suspend') {
        // The agent tells its progress first: afterwards there is no run to tell of.
        flushProgressOf(run.grant.run)
        sendTurn()
      }
      const number = ++numbers
      asked.set(number, { run, resolve, reject })
      options.send({ kind: 'flow', op, run: run.grant.run, number, fields })
    })

  const flowPort = (run: Running): FlowPort => ({
    report: (reports) => ask(run, 'step', `"reports":${JSON.stringify(reports)}`) as ReturnType<FlowPort['report']>,
    suspend: async (waits) => {
      const answer = (await ask(run, 'suspend', `"waits":${JSON.stringify(waits)}`)) as Awaited<
        ReturnType<FlowPort['suspend']>
      >
      if (answer.outcome === 'suspended') leaveBehind(run)
      return answer
    },
    outputs: async (wait, from) => {
      const answer = await ask(run, 'outputs', `"wait":${JSON.stringify(wait)},"from":${from}`)
      const { refused } = answer as { readonly refused?: string }
      if (refused !== undefined) throw new TaskFailure(`No outputs of ${wait}: ${refused}`, { code: 'no-outputs' })
      return answer as Awaited<ReturnType<FlowPort['outputs']>>
    },
    aborted: () => (run.aborted === undefined ? undefined : new TaskAborted(run.aborted)),
    files: () => {
      run.files ??= options.files(run)
      return run.files
    },
    now: systemClock.now,
    chance: systemChance,
    pause: (ms) => systemClock.wait(ms, signalOf(run)).catch(() => undefined),
  })

  const around: RunSurroundings = {
    end: finish,
    // A flood costs one entry a run: only the newest report crosses, ten times a second at most.
    progress: ({ grant, ended }, report) => {
      if (ended) return
      progress.set(grant.run, report)
      const waitMs = Math.max(0, progressTold + progressTellMs - sharedMonotonicMs())
      if (progressTimer === undefined) progressTimer = setTimeout(tellProgress, waitMs)
    },
    log: (run) => logOfRun(run).log,
    now: systemClock.now,
    files: options.files,
    flow: flowPort,
  }

  const abortOne = (run: Running, reason: AbortReason) => {
    if (run.aborted !== undefined) return
    run.aborted = reason
    run.controller?.abort(new TaskAborted(reason))
    // A canceled run may still undo what it did, with whatever files that takes.
    if (reason !== 'cancel') run.files?.abort(new TaskAborted(reason))
    run.flow?.abort(new TaskAborted(reason))
    // No answer counts any more, and none may come: a handler that waits for one has to hear of it.
    if (reason === 'lease-lost') for (const [number, each] of asked) if (each.run === run) drop(number, each)
  }

  const drop = (number: number, { run, reject }: Asked) => {
    asked.delete(number)
    if (!run.ended) reject(new TaskAborted(run.aborted ?? 'lease-lost'))
  }

  /** Nothing of its handler counts any more: the task goes on in another run, when its wait is over. */
  const leaveBehind = (run: Running) => {
    if (run.ended) return
    run.ended = true
    run.aborted = 'suspended'
    running.delete(run.grant.run)
    run.log?.end()
    run.trace?.end(undefined)
    progress.delete(run.grant.run)
    run.controller?.abort(new TaskAborted('suspended'))
    void run.files?.close()
    turn.slots.push(run.slot)
    turn.handlerMs += sharedMonotonicMs() - run.startedAtMs
    atTurnEnd()
  }

  return {
    take: ({ line, slots }) => {
      // The agent has read the same line and found grants in it, one for each slot.
      const { grants } = (JSON.parse(line) as { readonly answer: { readonly grants: readonly Grant[] } }).answer
      for (const [index, grant] of grants.entries()) {
        const slot = slots[index]
        // -1: there was no slot left, and the agent has handed the run back.
        if (slot !== undefined && slot >= 0)
          waiting.push({ grant, slot, aborted: grant.undo === 'canceled' ? 'cancel' : undefined })
      }
      start()
    },
    told: ({ number, answer }) => {
      const found = asked.get(number)
      if (found === undefined) return
      if (answer === undefined) return drop(number, found)
      asked.delete(number)
      if (!found.run.ended) found.resolve(answer)
    },
    abort: (run, reason) => {
      const found = running.get(run)
      if (found !== undefined) return abortOne(found, reason)
      const ahead = waiting.find(({ grant }, index) => index >= next && grant.run === run)
      if (ahead !== undefined) ahead.aborted ??= reason
    },
    abortAll: (reason) => {
      for (const run of running.values()) abortOne(run, reason)
    },
    commands: () => [...running.values()].map(({ grant }) => commandKey(grant.task.command, grant.task.version)),
  }
}

function lineOf({ task }: Grant): LineOf {
  const { id, runCount, correlationId, command, version } = task
  return { taskId: id, run: runCount, correlationId, command: commandKey(command, version) }
}

type MutableTurn = {
  -readonly [Field in keyof TurnMessage]: TurnMessage[Field] extends readonly (infer Entry)[]
    ? Entry[]
    : TurnMessage[Field]
}

function emptyTurn(): MutableTurn {
  return { kind: 'turn', runs: [], lines: [], slots: [], progress: [], handlerMs: 0 }
}
