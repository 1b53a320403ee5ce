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
  const free = session.freeNow()
  const isTransition = (session.toldFree === 0) !== (free === 0)
  const isDue = sinceMs >= tellAtLeastEveryMs || (isTransition && sinceMs >= tellEveryMs)
  if (!isForced && !isDue) return
  session.toldAtMs = nowMs
  session.toldFree = free
  const { worker, instance, generation, concurrency, phase, startedAt, launch, pid } = session
  const seenAt = world.clock.now()
  // One that leaves from idleness may come back by its last receive: it has a place, or there could be too many, and
  // offers none. One that ends while tasks still run on it counts no more: its successor may start.
  const isGoing = phase === 'leaving'
  const state = isGoing && session.runs.size > 0 ? 'leaving' : 'live'
  const freeSlots = isGoing ? 0 : free
  await putInstance(world, {
    id: instance,
    worker,
    generation,
    concurrency,
    freeSlots,
    state,
    asksToGo: isGoing && state === 'live' ? true : undefined,
    startedAt,
    seenAt,
    launch,
    pid,
  })
}

/** Told beside a run's own message, which must not fail for it; the next message tells again. */
export async function tellBeside(world: World, session: Session, isForced = false): Promise<void> {
  if (session.isOver) return
  try {
    await tellSlots(world, session, isForced)
  } catch (error) {
    session.toldAtMs = Number.NEGATIVE_INFINITY
    world.log.warn('instance.slots-not-told', { instance: session.instance, error: String(error) })
  }
}
