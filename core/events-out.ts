import type { Status } from './contract/task.ts'
import type { Head } from './head.ts'
import { iso } from './wire.ts'

/** What the world outside is told of tasks: a small envelope, without arguments, result or what people wrote. */
export interface TaskEvent {
  /** The same however often the move is told, here or by the bus: whoever must not act twice keeps it. */
  readonly eventId: string
  readonly taskId: string
  readonly command: string
  readonly version: number
  readonly worker: string
  readonly status: Status
  readonly statusCode: number
  readonly runCount: number
  readonly at: string
  readonly correlationId: string
  readonly externalId?: string | undefined
  readonly accountId?: string | undefined
  readonly userId?: string | undefined
  readonly category?: string | undefined
  readonly tags?: Readonly<Record<string, string>> | undefined
  /** Of a failure; its words may hold what is not for everybody, and are in the task. */
  readonly errorCode?: string | undefined
}

export interface EventsOut {
  /** Answers those that were not taken, and why. It never rejects: a bus that is away has taken none. */
  readonly publish: (events: readonly TaskEvent[]) => Promise<readonly EventNotTaken[]>
}

export interface EventNotTaken {
  readonly event: TaskEvent
  readonly reason: string
}

/** A task that came to a status is told once: whatever else moves in it (progress, a lease, a patch) is no event. */
export function eventsOf(before: Head | undefined, after: Head, wanted: ReadonlySet<Status>): readonly TaskEvent[] {
  if (!wanted.has(after.status)) return []
  if (before !== undefined && before.born === after.born && before.status === after.status) return []
  return [eventOf(after)]
}

function eventOf(head: Head): TaskEvent {
  const { id: taskId, command, version, worker, status, statusCode, runCount, correlationId, error } = head
  const { externalId, accountId, userId, category, tags } = head
  return {
    eventId: `${taskId}#${head.born}.${head.n}`,
    ...{ taskId, command, version, worker, status, statusCode, runCount },
    at: iso(head.modifiedAt),
    correlationId,
    ...{ externalId, accountId, userId, category, tags },
    errorCode: error?.code,
  }
}
