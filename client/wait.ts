import { limits } from '../core/contract/limits.ts'
import type { Task } from '../core/contract/task.ts'
import { lookPauseMs, type Patience, waitingPatience } from './backoff.ts'
import { call, type Line } from './call.ts'
import { TaskuraiError } from './error.ts'
import { segment } from './submit.ts'

export interface GetOptions {
  /** The hub holds its answer until the task ends, for so long at most. */
  readonly waitSeconds?: number
  readonly signal?: AbortSignal
}

export interface WaitOptions {
  /** Without it, until the task ends. */
  readonly timeoutSeconds?: number
  readonly signal?: AbortSignal
  /** Called with the task as it is at every look, the last one included. */
  readonly onLook?: (task: Task) => void
}

/** The time of a wait was over before the task ended. The task goes on; `task` is what was seen last. */
export class WaitOverError extends TaskuraiError {
  readonly task: Task

  constructor(task: Task, timeoutSeconds: number) {
    const detail = `Task ${task.id} is still ${task.status} after ${timeoutSeconds} seconds of waiting; it goes on.`
    super({ code: 'wait-over', detail })
    this.name = 'WaitOverError'
    this.task = task
  }
}

const waitSecondsMost = 366 * 86_400
/** Between two looks at a task that takes long, where the hub does not hold its answers. */
const lookPauseMostMs = 5_000
const looksMost = waitSecondsMost * 4

export function getTask(line: Line, id: string, options: GetOptions = {}, patience?: Patience): Promise<unknown> {
  const { waitSeconds = 0, signal } = options
  const held = Math.min(Math.max(0, Math.floor(waitSeconds)), limits.waitSeconds)
  const query = held > 0 ? { wait: String(held) } : {}
  return call(line, { method: 'GET', path: `/v1/tasks/${segment(id)}`, query, signal, heldSeconds: held, patience })
}

/** Looks one after another until the task has ended: long polls where the hub holds its answers, else fewer and fewer. */
export async function waitForEnd(line: Line, id: string, options: WaitOptions): Promise<Task> {
  const { timeoutSeconds = waitSecondsMost, signal, onLook } = options
  const { system } = line
  const startedAt = system.now()
  const until = startedAt + timeoutSeconds * 1_000
  let patience: Patience | undefined
  for (let looks = 0; looks < looksMost; looks++) {
    const lookedAt = system.now()
    // A last look without holding comes when less than a second is left, so that an end in it is not missed.
    const waitSeconds = Math.min(limits.waitSeconds, (until - lookedAt) / 1_000)
    const task = (await getTask(
      line,
      id,
      { waitSeconds, ...(signal === undefined ? {} : { signal }) },
      patience,
    )) as Task
    onLook?.(task)
    if (hasEnded(task)) return task
    const now = system.now()
    if (now >= until) throw new WaitOverError(task, timeoutSeconds)
    const heldMs = Math.floor(waitSeconds) * 1_000
    const looked = { lookMs: now - lookedAt, heldMs, waitedMs: now - startedAt, mostMs: lookPauseMostMs }
    const pauseMs = Math.min(lookPauseMs({ ...looked, chance: system.chance }), until - now)
    if (pauseMs > 0) await system.pause(pauseMs, signal)
    patience = { ...waitingPatience, totalMs: Math.min(waitingPatience.totalMs, Math.max(1_000, until - system.now())) }
  }
  throw new Error(`Task ${id}: looked at ${looksMost} times`)
}

// A list of its own: the contract's isTerminal lives beside zod, which a client need not load.
const ended: ReadonlySet<string> = new Set(['succeeded', 'failed', 'canceled', 'expired'])

export function hasEnded({ status }: { readonly status: string }): boolean {
  return ended.has(status)
}
