import { limits } from '../contract/limits.ts'
import type { Joined } from '../contract/steps.ts'
import type { TaskError } from '../contract/task.ts'
import type { Head } from '../head.ts'
import type { World } from '../world.ts'
import { type ChildEnd, childId, readChildEnd } from './children.ts'
import { inChunks } from './list-all.ts'
import type { WaitOutcome } from './resolve.ts'

/** What a wait for sub tasks gave. Outputs lie in it while they are few and small; else the run fetches them in pages. */

const failedTold = 100
const inlineMost = 100
const readsAtOnce = 50

export async function joinedOf(world: World, head: Head, outcome: WaitOutcome): Promise<Joined> {
  const { onFailure, failed, succeeded, parts } = outcome
  const ids = parts.flatMap(({ children, indexes }) => indexes.map((index) => childId(world, head, children, index)))
  const endOf = (place: number) => readChildEnd(world, ids[place] ?? '')
  const told = await inChunks(failed.slice(0, failedTold), readsAtOnce, async (index) => {
    const { taskId, status, error } = await endOf(index)
    return { index, taskId, status, ...(error === undefined ? {} : { error }) }
  })
  const joined = { count: ids.length, failed: told, failedCount: failed.length }
  if (onFailure === 'first-success') {
    const first = succeeded[0]
    if (first === undefined) return joined
    return { ...joined, first, ...outputsOf([await endOf(first)]) }
  }
  if (ids.length > inlineMost) return joined
  const ends = await inChunks(ids, readsAtOnce, (id) => readChildEnd(world, id))
  return { ...joined, ...outputsOf(ends) }
}

/** A list of outputs by place, null where there is none; absent where they are too large to lie in a step. */
function outputsOf(ends: readonly ChildEnd[]): Pick<Joined, 'outputs'> {
  if (ends.some(({ outputApart }) => outputApart === true)) return {}
  const outputs = ends.map(({ output }) => output ?? null)
  return JSON.stringify(outputs).length > limits.stepInlineBytes ? {} : { outputs }
}

/** The failure that the wait is, by its policy; undefined where it succeeded. */
export function joinError({ onFailure, failed, succeeded }: WaitOutcome, joined: Joined): TaskError | undefined {
  const isFailure =
    onFailure === 'fail' ? failed.length > 0 : onFailure === 'first-success' ? succeeded.length === 0 : false
  if (!isFailure) return undefined
  const details = joined.failed.slice(0, limits.errorDetails).map(({ index, taskId, status, error }) => ({
    code: status,
    message: `${index}: ${taskId} ${status}${error === undefined ? '' : `: ${error.message}`}`.slice(
      0,
      limits.messageChars,
    ),
  }))
  const [first] = joined.failed
  const which =
    first === undefined ? '' : `, the first of them ${first.taskId} (${first.error?.message ?? first.status})`
  const message = `${joined.failedCount} of ${joined.count} sub tasks did not succeed${which}`.slice(
    0,
    limits.messageChars,
  )
  return { code: 'sub-task-failed', message, details, retryable: false }
}
