import { isTerminal } from '../contract/task.ts'
import type { Head } from '../head.ts'
import type { World } from '../world.ts'
import { lookAtDependent } from './dependencies.ts'
import { payDebt } from './orphans.ts'
import { lookAtSuspended } from './wake.ts'

/**
 * The clock's look at a task that is due and whose next move hangs on others: a suspended one, one whose dependencies
 * are open, one that has yet to tell its sub tasks of its end. All else is derived from the head alone (tick.ts).
 */
export async function lookAtFlow(world: World, head: Head): Promise<'moved' | 'left' | 'not-of-a-flow'> {
  if (head.status === 'suspended') return (await lookAtSuspended(world, head)) ? 'moved' : 'left'
  if (isTerminal(head.status)) {
    if (head.flow?.owes !== true) return 'not-of-a-flow'
    await payDebt(world, head.id)
    return 'moved'
  }
  const isDependent = head.status === 'waiting' && head.flow?.dependencies?.isOpen === true
  // A start window that has closed ends it, whatever it waits for.
  if (!isDependent || (head.notStartAfter ?? Number.POSITIVE_INFINITY) < world.clock.now()) return 'not-of-a-flow'
  await lookAtDependent(world, head)
  return 'moved'
}
