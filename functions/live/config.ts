import { z } from 'zod'
import { HubEnv } from '#core/contract/hub-env'

/** The environment of the function that watchers connect to. */
export const LiveEnv = HubEnv.extend({
  TASKURAI_LIVE_URL: z.url({ protocol: /^wss?$/ }).describe('the address at which watchers connect, as wss://…/live'),
})
export type LiveEnv = z.infer<typeof LiveEnv>
