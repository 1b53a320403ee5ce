import { HubEnv } from '#core/contract/hub-env'

/** The environment of the function that turns events into tasks. */
export const IntakeEnv = HubEnv
