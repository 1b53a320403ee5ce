import type { Json } from '#core/contract/names'
import type { Step } from '#core/contract/steps'
import type { Status, Task, TaskError } from '#core/contract/task'
import type { TestedFile } from './test-files.ts'

/** What became of a task, and everything that its runs said on the way. */
export interface TestedTask<Output = Json> {
  readonly status: Status
  /** The output of the run that succeeded, as a client reads it: after its schema, and as JSON has it. */
  readonly output: Output | undefined
  /** Why the task failed. Errors of runs that were repeated are in `runs`. */
  readonly error: TaskError | undefined
  readonly runs: readonly TestedRun[]
  /** What the task remembers, in the order in which it began: as `client.steps` answers it. */
  readonly steps: readonly Step[]
  /** What the task asked others to do, in its order. */
  readonly subTasks: readonly TestedSubTask[]
  /** Every report, also those that would share a write on a hub. */
  readonly progress: readonly TestedProgress[]
  readonly logs: readonly TestedLog[]
  /** The files of the result, by name. */
  readonly files: Readonly<Record<string, TestedFile>>
  /** The desk's timeline. */
  readonly history: Task['history']
  /** The whole envelope, as `client.get` answers it. */
  readonly task: Task
}

export interface TestedRun {
  /** From 1. */
  readonly number: number
  readonly startedAt: Date
  readonly endedAt: Date
  readonly outcome: RunOutcome
  readonly error?: TaskError
}

/**
 * `suspended`: the task waits, and goes on in another run. `interrupted`: handed back at a shutdown. `crashed`: its
 * instance died or lost its lease. None of these is a failure.
 */
export type RunOutcome =
  | 'succeeded'
  | 'failed'
  | 'timed-out'
  | 'canceled'
  | 'expired'
  | 'suspended'
  | 'interrupted'
  | 'crashed'

/** A `ctx.step` that is over: done, or failed for good. */
export interface TestedStep {
  readonly run: number
  readonly id: string
  readonly state: 'done' | 'failed'
  readonly output?: Json
  readonly error?: TaskError
  readonly tries: number
}

/** What a task that is suspended waits for. */
export interface TestedWait {
  /** Of the step. */
  readonly id: string
  readonly kind: 'sleep' | 'signal' | 'sub-tasks' | 'next-try'
  /** The name of the signal. */
  readonly signal?: string
  /** The end of the sleep, of the pause, or of the time limit. */
  readonly until?: Date
}

export interface TestedSubTask {
  readonly id: string
  /** The step that made it. */
  readonly step: string
  readonly command: string
  readonly version: number
  readonly arguments: Json | undefined
  readonly status: Status
  readonly output: Json | undefined
  readonly error: TaskError | undefined
  /** How many there were. */
  readonly runs: number
  readonly onParentEnd: 'cancel' | 'detach'
  /** The whole envelope. */
  readonly task: Task
  readonly subTasks: readonly TestedSubTask[]
}

export interface TestedProgress {
  readonly run: number
  readonly percent: number
  readonly message?: string
  readonly at: Date
}

export interface TestedLog {
  readonly run: number
  readonly level: 'info' | 'warn' | 'error'
  readonly event: string
  readonly fields: Readonly<Record<string, unknown>>
  readonly at: Date
}
