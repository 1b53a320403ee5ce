import { HubEnv } from '#core/contract/hub-env'

/** The environment of the API's function. */
export const ApiEnv = HubEnv
