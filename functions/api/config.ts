import { HubEnv } from '#core/contract/hub-env'
import { liveUrl } from '#core/contract/live-env'

/** The environment of the API's function. */
export const ApiEnv = HubEnv.extend({ TASKURAI_LIVE_URL: liveUrl })
