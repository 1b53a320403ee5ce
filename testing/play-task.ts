import type { TaskError } from '#core/contract/task'
import type { WriteLog } from '#worker-runtime/log'
import type { ReadyCommand } from '#worker-runtime/run-task'
import { endingOf } from './ending.ts'
import type { TestHub } from './hub.ts'
import type { TaskLife } from './life.ts'
import type { TestControl, TestHooks } from './options.ts'
import { type Ended, type OneRun, runOnce } from './run-once.ts'
import type { TestedFile, TestFiles } from './test-files.ts'
import type { RunOutcome, TestedLog, TestedProgress, TestedRun } from './tested-task.ts'
import type { TestTime } from './time.ts'

export interface Play {
  readonly hub: TestHub
  readonly life: TaskLife
  readonly ready: ReadyCommand
  readonly time: TestTime
  readonly files: TestFiles
  readonly hooks: TestHooks
  readonly patienceSeconds: number
}

/** Plays the runs of one task. Whatever ends a run is told to its head in the same moment of the test. */
export class TaskPlayer {
  readonly life: TaskLife
  readonly runs: TestedRun[] = []
  readonly progress: TestedProgress[] = []
  readonly logs: TestedLog[] = []
  /** Of the run that succeeded. */
  files: Readonly<Record<string, TestedFile>> = {}
  readonly #play: Play
  #startedAt = new Date(0)
  #current: OneRun | undefined

  constructor(play: Play) {
    this.#play = play
    this.life = play.life
  }

  /** Only where time allows it. A task whose start window has closed expires instead. */
  async playRun(run: string): Promise<void> {
    const { hub, life, ready, time, files, hooks, patienceSeconds } = this.#play
    life.claim(run)
    if (life.hasEnded) return
    const grant = await hub.grant(life, run)
    this.#startedAt = time.now()
    const one = runOnce({
      ...{ hub, grant, ready, time, files, patienceSeconds },
      onProgress: (percent, message) => this.#progressed(run, percent, message),
      onLog: (level, event, fields) => this.#logged(level, event, fields),
      onSteps: (steps) => {
        for (const step of steps) this.#call(() => hooks.onStep?.({ run: this.#number, ...step }, this.#control()))
      },
      onCanceled: () => one.abort('cancel'),
      onBlamed: () => this.#giveUp(),
      onEnded: (ended) => this.#ended(run, ended),
    })
    this.#current = one
    this.#endAtGrace(one)
    this.#call(() => hooks.onRun?.(this.#control()))
    try {
      await one.settled
    } finally {
      this.#current = undefined
    }
  }

  /** It waits, and nothing has been done about that yet: so this may be done now. */
  tellWait(until: Date | undefined): void {
    this.#call(() => this.#play.hooks.onWait?.(until, this.#control()))
  }

  #ended(run: string, ended: Ended): void {
    if (ended.kind === 'suspended') return this.#note('suspended')
    const ending = endingOf(run, ended, this.#play.files)
    this.life.tell(ending.event)
    this.files = Object.fromEntries((ending.files ?? []).map((file) => [file.name, file]))
    this.#note(ending.outcome, ending.error)
  }

  /** Of the run that is under way, or was the last. */
  get #number(): number {
    return this.life.head.runCount
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
      this.#play.hub.blame(thrown)
      this.#giveUp()
    }
  }

  /** The test has failed: nothing of this run counts any more. */
  #giveUp(): void {
    this.#current?.endByHub({ isWaitedFor: true })
  }

  #control(): TestControl {
    const { hub, life, time } = this.#play
    return {
      run: this.#number + (life.head.status === 'running' ? 0 : 1),
      time,
      get waits() {
        return life.waits
      },
      signal: (name, data) => hub.signal(life, name, data),
      cancel: (reason) => this.#cancel(reason),
      crash: (why = 'the test let its instance die') => this.#crash(why),
      shutdown: () => this.#running('shutdown').abort('shutdown'),
    }
  }

  #cancel(reason: string | undefined): void {
    const one = this.#current
    if (this.life.cancel(reason) === 'refused' || one === undefined) return
    one.abort('cancel')
    this.#endAtGrace(one)
  }

  /** A run that is asked to stop, or was begun for that, is over when its grace is. */
  #endAtGrace(one: OneRun): void {
    const graceUntil = this.life.head.cancel?.graceUntil
    if (graceUntil === undefined) return
    this.#play.time.at(new Date(graceUntil), () => {
      if (one.isOver() || this.life.tell({ kind: 'end-grace' }) === 'refused') return
      this.#note('canceled')
      one.endByHub({ isWaitedFor: false })
    })
  }

  #crash(why: string): void {
    const one = this.#running('crash')
    if (one.isOver()) return
    this.life.tell({ kind: 'lose', certain: why })
    this.#note('crashed')
    one.endByHub({ isWaitedFor: true })
  }

  #running(what: string): OneRun {
    if (this.#current !== undefined) return this.#current
    throw new Error(`${what}: no run is under way`)
  }
}
