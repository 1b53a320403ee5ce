import { putInstance } from '#core/workers/instances'
import type { World } from '#core/world'
import type { Session } from './session.ts'

/** The free slots of an instance are told to the fleet when they change much, and at least this often while it calls. */
const tellEveryMs = 5_000
const tellAtLeastEveryMs = 30_000

/** Free slots at transitions between none and some, otherwise now and then: one write, seldom (protocol 32). */
export async function tellSlots(world: World, session: Session, isForced = false): Promise<void> {
  const nowMs = world.clock.monotonicMs()
  const sinceMs = nowMs - session.toldAtMs
  const isTransition = (session.toldFree === 0) !== (session.freeSlots === 0)
  const isDue = sinceMs >= tellAtLeastEveryMs || (isTransition && sinceMs >= tellEveryMs)
  if (!isForced && !isDue) return
  session.toldAtMs = nowMs
  session.toldFree = session.freeSlots
  const { worker, instance, generation, concurrency, freeSlots, phase, startedAt, launch, pid } = session
  const seenAt = world.clock.now()
  await putInstance(world, {
    id: instance,
    worker,
    generation,
    concurrency,
    freeSlots,
    state: phase,
    startedAt,
    seenAt,
    launch,
    pid,
  })
}
