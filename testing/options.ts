import type { z } from 'zod'
import type { TaskConfig } from '#client/contract'
import type { Retry } from '#core/contract/task'
import type { StandIns } from './stand-ins.ts'
import type { TestSource } from './test-files.ts'
import type { TestedProgress, TestedStep, TestedWait } from './tested-task.ts'
import type { TestTime } from './time.ts'

type OfATest = 'files' | 'argumentsPayload' | 'retry' | 'version' | 'dependsOn' | 'onDependencyFailure'

/** What `client.submit` takes, and how the test goes. */
export interface TestCommandOptions extends Omit<TaskConfig, OfATest>, TestHooks {
  /** Input files, by name: a path, or bytes. */
  readonly files?: Readonly<Record<string, TestSource>>
  /** What its sub tasks ask for, by command: the real one, or a function in its place. */
  readonly subTasks?: StandIns
  /** Signals that come before its first run, in this order. Later ones are sent by a hook. */
  readonly signals?: readonly TestSignal[]
  /** Instead of the command's whole policy, as with `submit`. To change a part: `{ ...command.retry, maxRuns: 1 }`. */
  readonly retry?: z.input<typeof Retry>
  /** When the task is created; 2026-01-15T12:00:00Z by default. */
  readonly now?: Date | string
  /** Instead of `now`, where the handler shares the time of the test. */
  readonly time?: TestTime
  /** What jitter is made of, from 0 (included) to 1 (excluded); always 0.5 by default. */
  readonly chance?: () => number
  /** How long one run may take in real time, before the test fails with a word about it; 60 by default. */
  readonly patienceSeconds?: number
}

export interface TestSignal {
  readonly name: string
  readonly data?: unknown
}

/** Called while the task lives, each at its moment and synchronously. What one of them throws fails the test. */
export interface TestHooks {
  /** A run was claimed and its handler is about to begin. */
  readonly onRun?: (control: TestControl) => void
  /** The handler told its progress; it is still inside `ctx.progress`. */
  readonly onProgress?: (report: TestedProgress, control: TestControl) => void
  /** A `ctx.step` is over and remembered; the handler has not gone on. */
  readonly onStep?: (step: TestedStep, control: TestControl) => void
  /**
   * The task waits: for its start, for the end of a backoff, or suspended in a workflow. `until` is when time alone would
   * end that, if it ever does.
   */
  readonly onWait?: (until: Date | undefined, control: TestControl) => void
}

/** What may happen to a task from outside. */
export interface TestControl {
  /** The number of the run that is under way or comes next, from 1. */
  readonly run: number
  readonly time: TestTime
  /** What the suspended task waits for; empty while it is not. */
  readonly waits: readonly TestedWait[]
  /** Somebody sends the task a signal: it is kept until a step waits for it. */
  readonly signal: (name: string, data?: unknown) => void
  /**
   * Somebody cancels the task: a run has 30 seconds to stop. A task that waits is canceled at once, or run once more for
   * that, where its command says `runsOnCancel`.
   */
  readonly cancel: (reason?: string) => void
  /**
   * The instance dies in the middle of the run, or loses its lease. Code cannot be stopped from outside, so the signal
   * is aborted, and whatever the handler still does or returns counts for nothing.
   */
  readonly crash: (why?: string) => void
  /** The instance's grace is over: the signal is aborted, and two seconds later the run is handed back. */
  readonly shutdown: () => void
}
