import { openAccount } from '#adapters/account/open-account'
import { watchDates } from '#adapters/aws/watch-dates'
import { systemClock } from '#adapters/system/clock'
import type { HubEnv } from '#core/contract/hub-env'
import type { Log } from '#core/ports'
import { createCatalog } from '#functions/api/catalog'
import { createCheckSubTasks } from '#functions/api/create-sub-tasks'
import type { HubDoor } from '../agent/hub-door.ts'
import { createOwnHub } from './own-hub.ts'
import { createRegisterByHand } from './register-by-hand.ts'
import { rememberFleet } from './remember-fleet.ts'

/** The hub's side of one instance, on the tables and queues that its environment names. */
export function openOwnHub(env: HubEnv, worker: string, log: Log): HubDoor {
  const { world: account, sight, dynamo, close } = openAccount(env, log)
  let clockOffMs: number | undefined
  watchDates(dynamo.config.requestHandler, (date) => {
    // The header counts whole seconds: half of one is the best guess.
    clockOffMs = date + 500 - systemClock.now()
  })
  const fleet = rememberFleet(account.store, worker, systemClock)
  const world = { ...account, store: fleet.store }
  return createOwnHub({
    world,
    sight,
    worker,
    close,
    clockOffMs: () => clockOffMs,
    registerWorker: createRegisterByHand(world),
    checkSubTasks: createCheckSubTasks({ world, catalog: createCatalog(world) }),
    forgetFleet: fleet.forget,
  })
}
