import type { Task } from '#core/contract/task'

/** Lines for whoever watches the worker: an event's name and its fields. */
export interface WorkerLog {
  readonly info: (event: string, fields?: Readonly<Record<string, unknown>>) => void
  readonly warn: (event: string, fields?: Readonly<Record<string, unknown>>) => void
  readonly error: (event: string, fields?: Readonly<Record<string, unknown>>) => void
}

/** What a handler is given beside its input. */
export interface CommandContext {
  /** The envelope as it was when this run began. */
  readonly task: Task
  /**
   * Aborted when the run should stop; its reason is a {@link TaskAborted} that says why. A handler that is asked to
   * stop throws, or returns what it has: a returned value still counts, since the work was done.
   */
  readonly signal: AbortSignal
  readonly log: WorkerLog
  /** How far the run is, for people. Free to call often: at most one write a second a task, the last one always. */
  readonly progress: (percent: number, message?: string) => void
  /** Ends the run, and the task as expired, if the task's `notStartAfter` has passed. */
  readonly checkExpired: () => void
  /** Whether a failure now is the task's end, because its retry policy allows no further run. */
  readonly isLastRun: boolean
}
