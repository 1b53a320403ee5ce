import type { Task } from '../../../core/contract/task.ts'
import type { Line } from '../../call.ts'
import { looks } from '../../looks.ts'

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

/** Where the hub does not hold its answers, a bar moves as often as this at least. */
const pauseMsMost = 2_000

/** Resolves with the ended task, or with what was seen last when the time was over or nobody looked any more. */
export async function follow({ line, id, until, onLook, isWanted }: FollowAsk): Promise<Task> {
  let last: Task | undefined
  for await (const task of looks({ line, id, until, pauseMsMost })) {
    last = task
    await onLook(task)
    if (!isWanted()) break
  }
  if (last === undefined) throw new Error(`Task ${id}: there was no look at it`)
  return last
}
