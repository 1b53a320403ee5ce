import type { Json } from '#core/contract/names'
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

/** `interrupted`: handed back at a shutdown. `crashed`: its instance died or lost its lease. Neither is a failure. */
export type RunOutcome = 'succeeded' | 'failed' | 'timed-out' | 'canceled' | 'expired' | 'interrupted' | 'crashed'

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
