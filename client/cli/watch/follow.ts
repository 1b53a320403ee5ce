import type { Task } from '../../../core/contract/task.ts'
import { lookPauseMs, waitingPatience } from '../../backoff.ts'
import type { Line } from '../../call.ts'
import { getTask, hasEnded } from '../../wait.ts'

/** One task from now to its end, look by look. */

export interface FollowAsk {
  readonly line: Line
  readonly id: string
  /** Epoch ms; without it, until the task ends. */
  readonly until: number | undefined
  /** Called with every look, the last one included. */
  readonly onLook: (task: Task) => Promise<void>
  readonly isWanted: () => boolean
}

/** The hub holds each answer until the task ends, for a second at most: an end is seen at once, progress within one. */
const holdSeconds = 1
/** Where the hub does not hold its answers, a bar moves as often as this at least. */
const lookPauseMostMs = 2_000
const looksMost = 366 * 86_400 * 4

/** Resolves with the ended task, or with what was seen last when the time was over or nobody looked any more. */
export async function follow({ line, id, until, onLook, isWanted }: FollowAsk): Promise<Task> {
  const { system } = line
  const { chance } = system
  const startedAt = system.now()
  for (let looks = 0; looks < looksMost; looks++) {
    const lookedAt = system.now()
    // The first look is for what stands now, and finds out at once if there is no such task; later a hub may restart.
    const held = looks === 0 ? {} : { waitSeconds: holdSeconds }
    const task = (await getTask(line, id, held, looks === 0 ? undefined : waitingPatience)) as Task
    await onLook(task)
    const now = system.now()
    if (hasEnded(task) || !isWanted() || (until !== undefined && now >= until)) return task
    if (looks === 0) continue
    const looked = { lookMs: now - lookedAt, heldMs: holdSeconds * 1_000, waitedMs: now - startedAt }
    const pauseMs = lookPauseMs({ ...looked, mostMs: lookPauseMostMs, chance })
    if (pauseMs > 0) await system.pause(pauseMs)
  }
  throw new Error(`Task ${id}: looked at ${looksMost} times`)
}
