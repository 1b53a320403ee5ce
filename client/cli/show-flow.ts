import type { Step } from '../../core/contract/steps.ts'
import type { Client } from '../client.ts'
import type { TaskOf } from '../contract.ts'
import { TaskuraiError } from '../error.ts'
import { countSubTasks } from './sub-tasks.ts'
import { toSeconds } from './times.ts'

/** What people see of a task's place among others, and of what lies behind it. */

type Pair = readonly [name: string, value: string | undefined]

export function placePairs({ id, parentId, rootId, onParentEnd, ...task }: TaskOf): readonly Pair[] {
  const { dependencies, onDependencyFailure, isolationKey } = task
  const goesOn = onDependencyFailure === 'continue' ? '; starts even if one of them fails' : ''
  return [
    ['parent', parentId && `${parentId}${onParentEnd === 'detach' ? ' (goes on when that has ended)' : ''}`],
    ['root', rootId === id ? undefined : rootId],
    ['depends on', dependencies === undefined ? undefined : `${countOf(dependencies, 'task')}${goesOn}`],
    ['isolation key', isolationKey],
  ]
}

export function waitingText({ waitingFor }: TaskOf): string | undefined {
  if (waitingFor?.until === undefined) return waitingFor?.message
  return `${waitingFor.message}, until ${toSeconds(waitingFor.until)}`
}

/** How much there is, and how to see it. */
export function stepPairs(id: string, steps: readonly Step[]): readonly Pair[] {
  const open = steps.filter(({ state }) => state === 'open').length
  const { count, isWhole } = countSubTasks(steps)
  const many = isWhole ? `${count}: ` : ''
  return [
    ['steps', steps.length === 0 ? undefined : `${steps.length}, ${open} open: taskurai steps ${id}`],
    ['sub tasks', isWhole && count === 0 ? undefined : `${many}taskurai children ${id}`],
  ]
}

/** The steps of a task that had a run. They are an extra: a key that may not ask, or an older hub, has none to tell. */
export async function stepsIfAny(client: Client, { id, runCount }: Pick<TaskOf, 'id' | 'runCount'>) {
  if (runCount === 0) return []
  try {
    return await client.steps(id)
  } catch (error) {
    if (error instanceof TaskuraiError) return []
    throw error
  }
}

function countOf(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
