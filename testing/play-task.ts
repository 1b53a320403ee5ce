import { limits } from '#core/contract/limits'
import type { TaskError } from '#core/contract/task'
import type { Grant } from '#core/contract/worker-protocol'
import type { WriteLog } from '#worker-runtime/log'
import type { ReadyCommand } from '#worker-runtime/run-task'
import { endingOf } from './ending.ts'
import type { TaskLife } from './life.ts'
import type { TestControl, TestHooks } from './options.ts'
import { type OneRun, runOnce } from './run-once.ts'
import type { TestedFile, TestFiles } from './test-files.ts'
import type { RunOutcome, TestedLog, TestedProgress, TestedRun } from './tested-task.ts'
import type { TestTime } from './time.ts'

export interface Play {
  readonly life: TaskLife
  readonly ready: ReadyCommand
  readonly time: TestTime
  readonly files: TestFiles
  readonly hooks: TestHooks
  readonly patienceSeconds: number
}

/** No task has more: its policies end it before. */
const runsMost = limits.retryRuns + limits.interruptions + limits.crashes

/** Plays one task to its end, run by run. Whatever ends a run is told to its head in the same moment of the test. */
export class TaskPlayer {
  readonly runs: TestedRun[] = []
  readonly progress: TestedProgress[] = []
  readonly logs: TestedLog[] = []
  /** Of the run that succeeded. */
  files: Readonly<Record<string, TestedFile>> = {}
  readonly #play: Play
  #number = 0
  #startedAt = new Date(0)
  #current: OneRun | undefined
  #hookError: { readonly thrown: unknown } | undefined

  constructor(play: Play) {
    this.#play = play
  }

  async play(): Promise<void> {
    const { life } = this.#play
    while (!life.hasEnded && this.#number < runsMost) {
      this.#number++
      this.#waitForStart()
      life.claim(`run-${this.#number}`)
      if (!life.hasEnded) await this.#playRun()
      if (this.#hookError !== undefined) throw this.#hookError.thrown
    }
  }

  /** A task whose start window closes before it may start is looked at just after that. */
  #waitForStart(): void {
    const { life, time, hooks } = this.#play
    const until = life.waitsUntil
    if (until === undefined) return
    this.#call(() => hooks.onWait?.(until, this.#control()))
    if (life.hasEnded || this.#hookError !== undefined) return
    const { notStartAfter = Number.POSITIVE_INFINITY } = life.head
    const lookAtMs = Math.min(until.getTime(), notStartAfter + 1)
    time.pass(Math.max(0, lookAtMs - time.now().getTime()) / 1_000)
  }

  async #playRun(): Promise<void> {
    const { life, ready, time, files, hooks, patienceSeconds } = this.#play
    const grant = this.#grant()
    this.#startedAt = time.now()
    const one = runOnce({
      grant,
      ready,
      time,
      patienceSeconds,
      files,
      onProgress: (percent, message) => this.#progressed(grant.run, percent, message),
      onLog: (level, event, fields) => this.#logged(level, event, fields),
      onEnded: (ended) => {
        const ending = endingOf(grant.run, ended, files)
        life.tell(ending.event)
        this.files = Object.fromEntries((ending.files ?? []).map((file) => [file.name, file]))
        this.#note(ending.outcome, ending.error)
      },
    })
    this.#current = one
    this.#call(() => hooks.onRun?.(this.#control()))
    try {
      await one.settled
    } finally {
      this.#current = undefined
    }
  }

  #grant(): Grant {
    const { life } = this.#play
    const { leaseSeconds, timeoutSeconds } = life.head
    const run = `run-${this.#number}`
    return { run, ticket: `bell-${this.#number}`, leaseSeconds, timeoutSeconds, task: life.task({ isBrief: true }) }
  }

  #progressed(run: string, percent: number, message: string | undefined): void {
    const { life, time, hooks } = this.#play
    life.tell({ kind: 'renew', run, progress: { percent, message } })
    const report = { run: this.#number, percent, ...(message === undefined ? {} : { message }), at: time.now() }
    this.progress.push(report)
    this.#call(() => hooks.onProgress?.(report, this.#control()))
  }

  #logged: WriteLog = (level, event, fields = {}) => {
    this.logs.push({ run: this.#number, level, event, fields, at: this.#play.time.now() })
  }

  #note(outcome: RunOutcome, error?: TaskError): void {
    const told = error === undefined ? {} : { error }
    const endedAt = this.#play.time.now()
    this.runs.push({ number: this.#number, startedAt: this.#startedAt, endedAt, outcome, ...told })
  }

  /** Inside a hook the handler is above on the stack: what the hook throws must not reach it. */
  #call(hook: () => void): void {
    try {
      hook()
    } catch (thrown) {
      this.#hookError ??= { thrown }
      this.#current?.endByHub({ isWaitedFor: true })
    }
  }

  #control(): TestControl {
    return {
      run: this.#number,
      time: this.#play.time,
      cancel: (reason) => this.#cancel(reason),
      crash: (why = 'the test let its instance die') => this.#crash(why),
      shutdown: () => this.#running('shutdown').abort('shutdown'),
    }
  }

  #cancel(reason: string | undefined): void {
    const { life, time } = this.#play
    const one = this.#current
    if (life.cancel(reason) === 'refused' || one === undefined) return
    one.abort('cancel')
    const graceUntil = life.head.cancel?.graceUntil
    if (graceUntil === undefined) return
    time.at(new Date(graceUntil), () => {
      if (one.isOver() || life.tell({ kind: 'end-grace' }) === 'refused') return
      this.#note('canceled')
      one.endByHub({ isWaitedFor: false })
    })
  }

  #crash(why: string): void {
    const one = this.#running('crash')
    if (one.isOver()) return
    this.#play.life.tell({ kind: 'lose', certain: why })
    this.#note('crashed')
    one.endByHub({ isWaitedFor: true })
  }

  #running(what: string): OneRun {
    if (this.#current !== undefined) return this.#current
    throw new Error(`${what}: no run is under way`)
  }
}
