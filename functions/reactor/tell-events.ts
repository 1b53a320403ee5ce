import type { Status } from '#core/contract/task'
import { type EventsOut, eventsOf, type TaskEvent } from '#core/events-out'
import { headSk, isTaskPk, retryKey } from '#core/keys'
import { headOf } from '#core/layout'
import type { Change, Item, Key } from '#core/ports'
import type { World } from '#core/world'
import type { AttentionNote } from './stream-batch.ts'

/**
 * Telling the world outside, last of all and never at the cost of a batch (protocol 37): what the bus does not take is
 * left in the due index, and told by the clock until it is taken or a day has passed.
 */
export interface TellOptions {
  readonly world: World
  readonly out: EventsOut
  readonly statuses: ReadonlySet<Status>
}

/** Rejects only if what was not taken cannot be left either: then the records come again. */
export function createTellEvents({ world, out, statuses }: TellOptions): (changes: readonly Change[]) => Promise<void> {
  return async (changes) => {
    const events = changes.flatMap((change) => eventsOfChange(change, statuses))
    if (events.length === 0) return
    const failed = await out.publish(events)
    if (failed.length === 0) return
    world.log.warn('reactor.events-not-taken', { events: failed.length, reason: failed[0]?.reason })
    await Promise.all(failed.map(({ event }) => leave(world, event)))
  }
}

function eventsOfChange({ pk, sk, before, after }: Change, statuses: ReadonlySet<Status>): readonly TaskEvent[] {
  if (sk !== headSk || !isTaskPk(pk) || after === undefined) return []
  return eventsOf(before === undefined ? undefined : headOf(before), headOf(after), statuses)
}

interface Untold {
  readonly event: TaskEvent
  readonly since: number
  readonly tries: number
}

const againLeastMs = 60_000
const againMostMs = 3_600_000
const givenUpMs = 86_400_000

async function leave(world: World, event: TaskEvent): Promise<void> {
  const since = world.clock.now()
  const data: Untold = { event, since, tries: 0 }
  const key = retryKey(event.taskId, event.eventId)
  const item: Item = { ...key, born: world.ids.token(), n: 1, due: since + againLeastMs, data }
  // A batch that comes again must not begin its count anew.
  await world.store.commit({ write: { kind: 'put', item, condition: { kind: 'absent' } } })
}

export interface RepeatOptions {
  readonly world: World
  /** Absent where nobody wants to be told any more. */
  readonly out: EventsOut | undefined
  readonly attention: (note: AttentionNote) => Promise<void>
}

/** The clock's turn: pushes the entry before it acts, and of two at once only one does (protocol 10). */
export async function repeatEvent({ world, out, attention }: RepeatOptions, key: Key): Promise<void> {
  const item = await world.store.get(key)
  const now = world.clock.now()
  if (item?.due === undefined || item.due > now) return
  const { event, since, tries } = item.data as Untold
  const due = now + Math.min(againMostMs, againLeastMs * 2 ** (tries + 1))
  const { born, n } = item
  const pushed: Item = { ...key, born, n: n + 1, due, data: { event, since, tries: tries + 1 } satisfies Untold }
  const outcome = await world.store.commit({ write: { kind: 'put', item: pushed, condition: { kind: 'at', born, n } } })
  if (outcome.kind === 'conflict') return
  const [failed] = out === undefined ? [] : await out.publish([event])
  if (failed !== undefined && now - since < givenUpMs) return
  if (failed !== undefined) {
    const detail = { event, reason: failed.reason }
    await attention({ kind: 'event', message: 'an event could not be told for a day and is given up', detail })
  }
  const condition = { kind: 'at', born, n: n + 1 } as const
  await world.store.commit({ write: { kind: 'delete', key, condition } })
}
