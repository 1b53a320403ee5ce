import { z } from 'zod'
import { HubEnv } from '#core/contract/hub-env'
import { liveUrl } from '#core/contract/live-env'

/** Statuses whose tasks are told to the event bus, as `succeeded,failed`; empty: none (each event is paid for). */
const eventStatuses = z
  .string()
  .transform((text) => text.split(',').filter((status) => status !== ''))
  .pipe(z.array(z.enum(['queued', 'running', 'succeeded', 'failed', 'canceled', 'expired'])))

/** The environment of the reactor's function. */
export const ReactorEnv = HubEnv.extend({
  TASKURAI_ATTENTION_QUEUE_URL: z.url().describe('the address of the queue for what a person has to look at'),
  TASKURAI_LIVE_URL: liveUrl,
  TASKURAI_EVENT_BUS: z.string().default(''),
  TASKURAI_EVENTS: eventStatuses.default([]).describe('statuses with commas between them, as: succeeded,failed'),
})
export type ReactorEnv = z.infer<typeof ReactorEnv>
