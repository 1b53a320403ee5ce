import type { Decision } from '../events.ts'
import type { Head } from '../head.ts'
import { outcomeOf } from '../layout.ts'
import { decide } from '../lifecycle.ts'
import { move, readHead } from '../tasks/move.ts'
import type { World } from '../world.ts'
import { isOpenDependent, joinOfDependencies, readList } from './dependency-items.ts'
import { eraOf } from './flow-of.ts'
import { readJoin, readMembers } from './join.ts'

/**
 * A task that depends on others is `waiting` until all of them have ended, or until one has not succeeded and that is to
 * fail it. Who has ended is known from the join alone, so whoever comes by can settle it, and twice is once.
 */

/** Releases or fails a dependent if its join says so; answers the head as it stands then. */
export async function settleDependent(world: World, taskId: string): Promise<Head | undefined> {
  const head = await readHead(world, taskId)
  if (head === undefined || !isOpenDependent(head)) return head
  const { isFull, anyFailed } = await readJoin(world, joinOfDependencies(head))
  const isFailing = anyFailed && head.flow?.dependencies?.onFailure === 'fail'
  if (!isFull && !isFailing) return head
  const message = isFailing ? await whyFailed(world, head) : ''
  const writer = world.ids.token()
  const outcome = await move(world, {
    taskId,
    writer,
    known: head,
    decide: (current): Decision => {
      // Begun anew meanwhile: another join counts.
      if (!isSameWait(current, head)) return { kind: 'refused', reason: 'not-over' }
      const at = { now: world.clock.now(), writer }
      return isFailing
        ? decide(current, { kind: 'fail-dependency', ...at, message })
        : decide(current, { kind: 'release', ...at })
    },
  })
  return outcome.kind === 'absent' ? undefined : outcome.head
}

/** Open still, and in the same era: no retry has begun it anew. */
export function isSameWait(current: Head, seen: Head): boolean {
  return isOpenDependent(current) && current.born === seen.born && eraOf(current) === eraOf(seen)
}

/** Which dependency, and what became of it, for the people who meet the 424. */
async function whyFailed(world: World, head: Head): Promise<string> {
  const [{ on }, { failed }] = await Promise.all([readList(world, head), readMembers(world, joinOfDependencies(head))])
  const first = Math.min(...failed)
  const more = failed.size > 1 ? ` (and ${failed.size - 1} more)` : ''
  const id = on[first] ?? ''
  const dependency = await readHead(world, id)
  if (dependency === undefined) return `the dependency ${id} is not there any more${more}`
  const { command, status, statusCode } = dependency
  const what = `the dependency ${command} (${id})`
  const { error } = await outcomeOf(world.store, dependency)
  return `${what} ${status} with ${statusCode}${more}${error === undefined ? '' : `: ${error.message}`}`
}
