import { createEventBridgeClient } from '#adapters/eventbridge/client'
import { createPublisher } from '#adapters/eventbridge/publisher'
import type { EventsOut } from '#core/events-out'

export interface EventsEnv {
  readonly TASKURAI_HUB: string
  readonly TASKURAI_EVENT_BUS: string
}

/** Undefined: this hub tells nobody. */
export function openEventsOut({ TASKURAI_HUB: hub, TASKURAI_EVENT_BUS: bus }: EventsEnv): EventsOut | undefined {
  return bus === '' ? undefined : createPublisher({ client: createEventBridgeClient(), bus, hub })
}
