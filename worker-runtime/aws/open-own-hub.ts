import { systemClock } from '#adapters/system/clock'
import type { HubEnv } from '#core/contract/hub-env'
import type { Log } from '#core/ports'
import type { HubDoor } from '../agent/hub-door.ts'
import { openAccount } from './open-account.ts'
import { createOwnHub } from './own-hub.ts'
import { createRegisterByHand } from './register-by-hand.ts'
import { rememberFleet } from './remember-fleet.ts'

/** The hub's side of one instance, on the tables and queues that its environment names. */
export function openOwnHub(env: HubEnv, worker: string, log: Log): HubDoor {
  const account = openAccount(env, log)
  const fleet = rememberFleet(account.world.store, worker, systemClock)
  const world = { ...account.world, store: fleet.store }
  return createOwnHub({
    ...account,
    world,
    worker,
    registerWorker: createRegisterByHand(world),
    forgetFleet: fleet.forget,
  })
}
