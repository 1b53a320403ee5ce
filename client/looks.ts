import type { Task } from '../core/contract/task.ts'
import { lookPauseMs, waitingPatience } from './backoff.ts'
import type { Line } from './call.ts'
import { getTask, hasEnded } from './wait.ts'

export interface LooksAsk {
  readonly line: Line
  readonly id: string
  /** Epoch ms; without it, until the task ends. */
  readonly until: number | undefined
  /** Where the hub does not hold its answers, at least as often as this. */
  readonly pauseMsMost: number
  readonly signal?: AbortSignal | undefined
}

/** The hub holds each answer until the task ends, for a second at most: an end is seen at once, progress within one. */
const holdSeconds = 1
const looksMost = 366 * 86_400 * 4

/** One task look by look, whether it has changed or not, until it has ended or the time is over. */
export async function* looks(ask: LooksAsk): AsyncGenerator<Task, void, undefined> {
  const { line, id, until, pauseMsMost, signal } = ask
  const { system } = line
  const startedAt = system.now()
  for (let count = 0; count < looksMost; count++) {
    const lookedAt = system.now()
    // The first look is for what stands now, and finds out at once if there is no such task; later a hub may restart.
    const isFirst = count === 0
    const options = { ...(isFirst ? {} : { waitSeconds: holdSeconds }), ...(signal === undefined ? {} : { signal }) }
    const task = (await getTask(line, id, options, isFirst ? undefined : waitingPatience)) as Task
    yield task
    const now = system.now()
    if (hasEnded(task) || (until !== undefined && now >= until)) return
    if (isFirst) continue
    const looked = { lookMs: now - lookedAt, heldMs: holdSeconds * 1_000, waitedMs: now - startedAt }
    const pauseMs = lookPauseMs({ ...looked, mostMs: pauseMsMost, chance: system.chance })
    const leftMs = until === undefined ? pauseMs : until - now
    if (pauseMs > 0) await system.pause(Math.min(pauseMs, leftMs), signal)
  }
  throw new Error(`Task ${id}: looked at ${looksMost} times`)
}
