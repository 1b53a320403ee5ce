/**
 * What the bench measures: a server that keeps tasks, and one worker that runs them.
 *
 * Every subject is split into the same processes, so that figures compare: the bench submits, the server is a process
 * of its own, the worker is another. A task is a no-op with arguments of a few bytes; what differs between subjects
 * beyond their engine (what they keep, when they flush) is said in `kept`, which is printed beside the figures.
 */
export interface Subject {
  readonly name: string
  /** A peer is what the others are compared with. */
  readonly role: 'ours' | 'peer'
  /** What is kept of finished tasks and when it is flushed, in one line for the reader of the figures. */
  readonly kept: string
  /** Why this subject can't run on this machine, or undefined where it can. */
  missing(): Promise<string | undefined>
  /** Starts an empty server without any worker. */
  start(): Promise<void>
  /** Ends the server and removes what it stored. */
  stop(): Promise<void>
  /** The server's processes, for their CPU time; the worker and the bench are not among them. */
  serverPids(): readonly number[]
  /** Submits so many tasks in one call; resolves when the server has accepted them. */
  submitBatch(count: number): Promise<void>
  submitOne(): Promise<void>
  /** Starts one worker process; resolves when it takes tasks. */
  startWorker(concurrency: number): Promise<SubjectWorker>
}

/** One worker process, seen from the bench. Counts run from the start of the process. */
export interface SubjectWorker {
  readonly pid: number
  /** Resolves when so many tasks are finished, which means: the server has confirmed their end to the worker. */
  finished(total: number): Promise<Drained>
  /** From now on the worker tells each start of a handler. */
  watchStarts(): Promise<void>
  /** When the next handler starts, by `nowMs` in the worker; ask before submitting. */
  nextStart(): Promise<number>
  stop(): Promise<void>
}

export interface Drained {
  readonly firstStartMs: number
  readonly lastFinishMs: number
  /** Handlers started; more than the tasks means that some ran twice. */
  readonly started: number
}

export interface SubjectOptions {
  /** Where stores are made; on a memory file system a flush costs nothing and durable figures mean nothing. */
  readonly folder: string
}

export const CONCURRENCY = 50
export const BATCH_SIZE = 500
export const COMMAND = 'noop'
export const START_TIMEOUT_MS = 30_000
export const STOP_TIMEOUT_MS = 10_000
export const WAIT_TIMEOUT_MS = 300_000

/** Milliseconds since the epoch with a fraction: comparable between processes of one machine. */
export const nowMs = (): number => performance.timeOrigin + performance.now()

/** Rejects when the promise takes longer, so that a stuck subject ends its measure and not the bench. */
export async function within<T>(limitMs: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took longer than ${limitMs} ms`)), limitMs)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
