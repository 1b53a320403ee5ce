import {
  type EventBridgeClient,
  PutEventsCommand,
  type PutEventsRequestEntry,
  type PutEventsResultEntry,
} from '@aws-sdk/client-eventbridge'
import type { EventNotTaken, EventsOut, TaskEvent } from '#core/events-out'

/** EventBridge takes so many entries by one call, and so many bytes of them: 1 MB today, 256 KB once and in some mirrors. */
const entriesMost = 10
const bytesMost = 240_000
/** Time, source and detail type are counted too. */
const besideDetailBytes = 200
const text = new TextEncoder()

export interface PublisherOptions {
  readonly client: EventBridgeClient
  /** Name or ARN. */
  readonly bus: string
  readonly hub: string
}

/** Events of tasks on an event bus: source `taskurai.<hub>`, detail type `Task succeeded`. */
export function createPublisher({ client, bus, hub }: PublisherOptions): EventsOut {
  return {
    publish: async (events) => {
      const entries = events.map((event) => ({ event, entry: entryOf(event, { bus, hub }) }))
      const parts = inParts(entries)
      const failed: EventNotTaken[] = []
      for (const [index, part] of parts.entries()) {
        try {
          failed.push(...(await put(client, part)))
        } catch (error) {
          // Each further call would wait as long to hear the same.
          return [...failed, ...notTaken(parts.slice(index).flat(), error)]
        }
      }
      return failed
    },
  }
}

interface Entry {
  readonly event: TaskEvent
  readonly entry: PutEventsRequestEntry
}

async function put(client: EventBridgeClient, entries: readonly Entry[]): Promise<readonly EventNotTaken[]> {
  const command = new PutEventsCommand({ Entries: entries.map(({ entry }) => entry) })
  const { Entries: results = [] } = await client.send(command)
  // A good answer may hold entries that were refused; they come in the order in which they were sent.
  return entries.flatMap(({ event }, index) => {
    const reason = reasonOf(results[index])
    return reason === undefined ? [] : [{ event, reason }]
  })
}

function notTaken(entries: readonly Entry[], error: unknown): readonly EventNotTaken[] {
  const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return entries.map(({ event }) => ({ event, reason }))
}

function reasonOf(result: PutEventsResultEntry | undefined): string | undefined {
  if (result?.EventId !== undefined) return undefined
  if (result?.ErrorCode === undefined) return 'EventBridge says nothing of it'
  return `${result.ErrorCode}: ${result.ErrorMessage ?? ''}`
}

function entryOf(event: TaskEvent, { bus, hub }: Pick<PublisherOptions, 'bus' | 'hub'>): PutEventsRequestEntry {
  return {
    EventBusName: bus,
    Source: `taskurai.${hub}`,
    DetailType: `Task ${event.status}`,
    Time: new Date(event.at),
    Detail: JSON.stringify({ hub, ...event }),
  }
}

function inParts(entries: readonly Entry[]): readonly (readonly Entry[])[] {
  const parts: Entry[][] = []
  let bytes = 0
  for (const entry of entries) {
    const ownBytes = text.encode(entry.entry.Detail).byteLength + besideDetailBytes
    const last = parts.at(-1)
    if (last === undefined || last.length === entriesMost || bytes + ownBytes > bytesMost) {
      parts.push([entry])
      bytes = ownBytes
    } else {
      last.push(entry)
      bytes += ownBytes
    }
  }
  return parts
}
