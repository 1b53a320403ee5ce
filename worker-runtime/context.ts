import type { Readable } from 'node:stream'
import type { TaskFile } from '#core/contract/files'
import type { Task } from '#core/contract/task'
import type { FlowContext } from './flow/flow-context.ts'

/** Lines for whoever watches the worker: an event's name and its fields. */
export interface WorkerLog {
  readonly info: (event: string, fields?: Readonly<Record<string, unknown>>) => void
  readonly warn: (event: string, fields?: Readonly<Record<string, unknown>>) => void
  readonly error: (event: string, fields?: Readonly<Record<string, unknown>>) => void
}

/** Where a file was downloaded to, and what it is. */
export interface LocalFile extends TaskFile {
  readonly path: string
}

export interface GetFileOptions {
  /** Where to; by default a folder of the run's own, which is removed when the run ends. */
  readonly to?: string
}

export interface PutFileOptions {
  /** By default guessed from the extension, else `application/octet-stream`. */
  readonly contentType?: string
  /** Whoever may watch the task may download it too. */
  readonly public?: boolean
}

/** The task's files: those it came with, and those that its run makes. All stream, none is held in memory. */
export interface TaskFiles {
  /**
   * Downloads an input file, checks its checksum and answers where it lies.
   *
   * @example const { path } = await ctx.files.get('holiday.mp4')
   */
  readonly get: (name: string, options?: GetFileOptions) => Promise<LocalFile>
  /**
   * Uploads a file of the result, from a path, a stream or bytes. It belongs to the task once the run has succeeded; a
   * name that is put again replaces what it named before.
   *
   * @example await ctx.files.put('thumbnail.jpg', '/tmp/thumbnail.jpg', { public: true })
   */
  readonly put: (name: string, source: string | Readable | Uint8Array, options?: PutFileOptions) => Promise<TaskFile>
  /** The input files. */
  readonly list: () => readonly TaskFile[]
}

/** What a handler is given beside its input. */
export interface CommandContext extends FlowContext {
  /** The envelope as it was when this run began. */
  readonly task: Task
  /**
   * Aborted when the run should stop; its reason is a {@link TaskAborted} that says why. A handler that is asked to
   * stop throws, or returns what it has: a returned value still counts, since the work was done.
   */
  readonly signal: AbortSignal
  readonly log: WorkerLog
  readonly files: TaskFiles
  /** How far the run is, for people. Free to call often: at most one write a second a task, the last one always. */
  readonly progress: (percent: number, message?: string) => void
  /** Ends the run, and the task as expired, if the task's `notStartAfter` has passed. */
  readonly checkExpired: () => void
  /** Whether a failure now is the task's end, because its retry policy allows no further run. */
  readonly isLastRun: boolean
}
