import { type Account, openAccount } from '#adapters/account/open-account'
import { createRequestLog, type RequestLog } from '#adapters/powertools/log'
import type { HubEnv } from '#core/contract/hub-env'

/** What the functions of a hub in an account have in common. `service` names the function in its log. */
export function openHome(env: HubEnv, service: string): Account<RequestLog> {
  return openAccount(env, createRequestLog({ service, hub: env.TASKURAI_HUB }))
}
