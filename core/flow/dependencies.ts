import { spans } from '../contract/limits.ts'
import type { Head } from '../head.ts'
import { decide } from '../lifecycle.ts'
import { move } from '../tasks/move.ts'
import type { World } from '../world.ts'
import { isOpenDependent, joinOfDependencies, readList } from './dependency-items.ts'
import { readMembers } from './join.ts'
import { isSameWait, settleDependent } from './settle-dependent.ts'
import { recheckMs } from './wake.ts'
import { wireDependencies } from './wire-dependencies.ts'

export { dependencyEnded } from './dependency-ended.ts'
export { settleDependent } from './settle-dependent.ts'
export { wireDependencies } from './wire-dependencies.ts'

/** The looks at an open dependent: its creator's, the clock's, and a person's who asks why it waits. */

/**
 * The clock's look at an open dependent: it is wired where its creator did not get to it, settled where an end was lost,
 * and else looked at again, each time after twice as long (protocol 25).
 */
export async function lookAtDependent(world: World, head: Head): Promise<void> {
  if (!isOpenDependent(head)) return
  const [{ on }, { ended }] = await Promise.all([readList(world, head), readMembers(world, joinOfDependencies(head))])
  const places = [...on.keys()].filter((place) => !ended.has(place))
  await wireDependencies(world, head, { places, isAgain: true })
  const after = await settleDependent(world, head.id)
  if (after === undefined || !isSameWait(after, head)) return
  const writer = world.ids.token()
  await move(world, {
    taskId: head.id,
    writer,
    known: after,
    decide: (current) => {
      const now = world.clock.now()
      if (!isSameWait(current, head) || current.due === undefined || current.due > now) {
        return { kind: 'refused', reason: 'not-over' }
      }
      const looks = current.flow?.looks ?? 0
      const again = Math.min(now + recheckMs(looks), current.notStartAfter ?? Number.POSITIVE_INFINITY)
      return decide(current, { kind: 'guard', now, writer, due: Math.max(again, now + 1_000), looks: looks + 1 })
    },
  })
}

/** What a new dependent's creator does at once. Should it fail, the task is accepted all the same: the clock does it. */
export async function wireNew(world: World, head: Head): Promise<Head> {
  try {
    await wireDependencies(world, head)
    return (await settleDependent(world, head.id)) ?? head
  } catch (error) {
    const againInMs = spans.wiringGuardMs
    world.log.warn('dependencies.wiring-failed', { taskId: head.id, againInMs, error: String(error) })
    return head
  }
}

/** The answer to "why does it not run?" of an open dependent. */
export async function waitingForDependencies(
  world: World,
  head: Head,
): Promise<{ readonly kind: 'dependencies'; readonly message: string }> {
  const join = joinOfDependencies(head)
  const { ended } = await readMembers(world, join)
  const verb = join.count === 1 ? 'dependency has ended' : 'dependencies have ended'
  return { kind: 'dependencies', message: `${ended.size} of ${join.count} ${verb}` }
}
