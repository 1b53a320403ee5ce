import type { Status } from '../contract/task.ts'
import type { Head } from '../head.ts'
import { decide } from '../lifecycle.ts'
import { type Move, move, readHead } from '../tasks/move.ts'
import type { World } from '../world.ts'
import { payDebt } from './orphans.ts'

/** How often the debt of a sub task is paid here, so that it can be begun anew. */
const debtsMost = 3

/**
 * A sub task of before is waited for again: begun anew where it had failed, as it is where it has not ended. Answers its
 * status as the write met it: one that succeeded in the old era tells its end to nobody in the new one.
 */
export async function rejoin(world: World, standing: Head, era: number): Promise<Status> {
  let known = standing
  for (let debts = 0; debts <= debtsMost; debts++) {
    const outcome = await move(world, { taskId: standing.id, known, ...rejoinOf(world, era) })
    if (outcome.kind === 'absent') throw new Error(`task ${standing.id}: it was removed while it was begun anew`)
    if (outcome.kind === 'moved' || outcome.reason !== 'owes') return outcome.head.status
    await payDebt(world, standing.id)
    known = (await readHead(world, standing.id)) ?? known
  }
  throw new Error(`task ${standing.id}: its own sub tasks are still being ended`)
}

function rejoinOf(world: World, era: number): Pick<Move, 'writer' | 'decide'> {
  const writer = world.ids.token()
  return {
    writer,
    decide: (head) => {
      if (head.flow?.parent?.era === era && head.flow.parent.isOver !== true) {
        return { kind: 'refused', reason: 'already-running' }
      }
      const by = `task ${head.flow?.parent?.id ?? ''}`
      return decide(head, { kind: 'rejoin', now: world.clock.now(), writer, by, era })
    },
  }
}
