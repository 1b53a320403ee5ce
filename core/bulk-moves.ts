import { end } from './end-move.ts'
import type { Decision, Event } from './events.ts'
import type { Head } from './head.ts'
import { type Changes, refused, to } from './make-move.ts'
import { outputOf } from './tasks/bulk/bulk.ts'

/** The moves of a task that the hub works off by itself. */

type Of<K extends Event['kind']> = Extract<Event, { kind: K }>

/** One more portion is done, perhaps the last. Who began at another place has been overtaken. */
export function work(head: Head, event: Of<'work'>): Decision {
  const { bulk, due, isOver, percent, message } = event
  if (head.bulk === undefined || head.bulk.portions !== bulk.portions - 1) return refused('not-owner')
  const progress = { percent, message, at: event.now }
  if (!isOver) return to(head, event, 'clock', { bulk, due, progress })
  return end(head, event, 'succeeded', 200, undefined, message, { progress, ...endOfBulk({ ...head, bulk }) })
}

/** What is kept of a bulk that is over, or canceled between two portions: what it did. */
export function endOfBulk({ bulk }: Head): Changes {
  if (bulk === undefined) return {}
  const output = outputOf(bulk)
  return { bulk: undefined, result: { output: { ...output, firstIds: [...output.firstIds] } } }
}
