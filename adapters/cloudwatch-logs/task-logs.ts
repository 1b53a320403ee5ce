import {
  type CloudWatchLogsClient,
  FilterLogEventsCommand,
  type FilterLogEventsResponse,
} from '@aws-sdk/client-cloudwatch-logs'
import { workerLogGroupOf } from '#core/contract/hub-env'
import type { LogLine } from '#core/contract/logs'
import { workerParts } from '#core/contract/worker-id'
import type { Clock, LoggedTask, TaskLogs } from '#core/ports'
import { readTaskLine } from '#core/task-line'
import { isAway, unavailable } from '../aws/away.ts'
import { type FoundEvent, hashOf, type Place, placeBehind, readCursor, writeCursor } from './cursor.ts'

/**
 * What the runs of a task logged, in an account: their instances print JSON lines, which end in the log group of their
 * worker, where each is found by its field `task`. Nothing is written here; the group forgets by its own retention.
 */

export interface CloudWatchTaskLogsOptions {
  readonly client: CloudWatchLogsClient
  readonly hub: string
  readonly clock: Pick<Clock, 'now' | 'monotonicMs'>
}

/** The log driver of a container sends every five seconds, and a search may see what it sent some seconds later. */
const lateSeconds = 10
/** A throttled driver is later than that, and an instance that died may be followed by one whose lines come first. */
const overlapMs = 60_000
/** Timers that a run left behind print after its end. */
const afterEndMs = 300_000
/** Of one request: a search in a busy group answers many empty pages before it comes to something. */
const pagesMost = 10
const searchMs = 8_000
const eventsMost = 10_000

export function openCloudWatchTaskLogs(options: CloudWatchTaskLogsOptions): TaskLogs {
  return {
    read: async (task, { cursor, limit }) => {
      const place = cursor === undefined ? beginOf(task) : readCursor(cursor)
      // Instances under an isolation key are started by hand, and print where they were started.
      if (workerParts(task.worker).isolationKey !== undefined) return { lines: [] }
      const found = await search(options, task, place, limit)
      const { given, passed, isThrough, settledUntil, left } = found
      const behind = placeBehind({ place, events: passed, settledUntil, lateMs: overlapMs })
      const next = given.length === 0 && left !== undefined ? { ...place, search: left } : behind
      return {
        lines: given.flatMap((event) => lineOf(task, event)),
        cursor: writeCursor(next),
        lateSeconds,
        ...(isThrough ? {} : { more: true as const }),
      }
    },
    remove: async () => undefined,
  }
}

function beginOf({ createdAt }: LoggedTask): Place {
  return { from: createdAt, seen: new Set(), skip: 0 }
}

interface Found {
  readonly given: readonly FoundEvent[]
  /** Those, and what the reader had before, up to the last one given. */
  readonly passed: readonly FoundEvent[]
  /** There is nothing more now. */
  readonly isThrough: boolean
  readonly settledUntil: number
  /** The search, where it goes on. */
  readonly left: Place['search']
}

async function search(
  options: CloudWatchTaskLogsOptions,
  task: LoggedTask,
  place: Place,
  limit: number,
): Promise<Found> {
  const { clock } = options
  const beganMs = clock.monotonicMs()
  const at = place.search?.at ?? clock.now()
  const given: FoundEvent[] = []
  const passed: FoundEvent[] = []
  let token = place.search?.token
  let skipped = 0
  for (let pages = 0; pages < pagesMost; pages++) {
    const answer = await ask(options, task, { place, limit, token })
    for (const event of (answer.events ?? []).flatMap(eventOf)) {
      const isKnown =
        place.skip > 0 ? event.at === place.from && skipped++ < place.skip : place.seen.has(hashOf(event.id))
      if (!isKnown && given.length === limit)
        return { given, passed, isThrough: false, settledUntil: 0, left: undefined }
      passed.push(event)
      if (!isKnown) given.push(event)
    }
    token = answer.nextToken
    if (token === undefined) return { given, passed, isThrough: true, settledUntil: at - overlapMs, left: undefined }
    if (clock.monotonicMs() - beganMs > searchMs) break
  }
  return { given, passed, isThrough: false, settledUntil: 0, left: token === undefined ? undefined : { token, at } }
}

interface Ask {
  readonly place: Place
  readonly limit: number
  readonly token: string | undefined
}

async function ask(options: CloudWatchTaskLogsOptions, task: LoggedTask, asked: Ask): Promise<FilterLogEventsResponse> {
  const { client, hub } = options
  const { place, limit, token } = asked
  const command = new FilterLogEventsCommand({
    logGroupName: workerLogGroupOf(hub, task.worker),
    filterPattern: `{ $.task = "${task.id}" }`,
    startTime: place.from,
    ...(task.stoppedAt === undefined ? {} : { endTime: Math.max(place.from, task.stoppedAt + afterEndMs) }),
    limit: Math.min(eventsMost, limit + place.seen.size + place.skip),
    ...(token === undefined ? {} : { nextToken: token }),
  })
  try {
    return await client.send(command)
  } catch (error) {
    if (isNamed(error, 'ResourceNotFoundException')) return {}
    // A token is good for a day, and for the very search that it came from.
    if (token !== undefined && isNamed(error, 'InvalidParameterException')) {
      return ask(options, task, { ...asked, token: undefined })
    }
    if (isAway(error)) throw unavailable(error, 'the log cannot be read now')
    throw error
  }
}

function isNamed(error: unknown, name: string): boolean {
  return error instanceof Error && error.name === name
}

function eventOf({
  eventId,
  timestamp,
  message,
}: NonNullable<FilterLogEventsResponse['events']>[number]): FoundEvent[] {
  if (eventId === undefined || timestamp === undefined || message === undefined) return []
  return [{ id: eventId, at: timestamp, message }]
}

/** Somebody's own JSON may have a field of that name, and be no line of a run. */
function lineOf({ id }: LoggedTask, { at, message }: FoundEvent): LogLine[] {
  const read = readTaskLine(message.trimEnd())
  if (read === undefined || read.taskId !== id) return []
  const { level, text, run } = read
  return [{ at: new Date(at).toISOString(), level, text, ...(run === undefined ? {} : { run }) }]
}
