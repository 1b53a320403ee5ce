import { openAccount, silentLog } from '#adapters/account/open-account'
import type { HubEnv } from '#core/contract/hub-env'
import { createDirectTransfers } from '../direct-transfers.ts'
import { principalOf } from './principal.ts'

/** The files of an instance's runs, fetched and kept without a hub in between. */
export function openTransfers(env: HubEnv, worker: string) {
  return createDirectTransfers(openAccount(env, silentLog).world, principalOf(worker))
}
