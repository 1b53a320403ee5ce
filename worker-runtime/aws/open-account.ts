import { watchDates } from '#adapters/aws/watch-dates'
import { createDynamoClient } from '#adapters/dynamodb/client'
import { openDynamoStore } from '#adapters/dynamodb/store'
import { openS3Blobs } from '#adapters/s3/blobs'
import { createS3Client } from '#adapters/s3/client'
import { createSqsClient } from '#adapters/sqs/client'
import { openSqsQueue } from '#adapters/sqs/queue'
import { systemChance } from '#adapters/system/chance'
import { systemClock } from '#adapters/system/clock'
import { createSystemIds } from '#adapters/system/ids'
import type { Blobs } from '#core/blobs'
import type { HubEnv } from '#core/contract/hub-env'
import type { Log } from '#core/ports'
import { createSight, type Sight } from '#core/sight'
import type { World } from '#core/world'

/** What a hub in an account keeps, as an instance reaches it. Nothing is called by opening it. */
export interface Account {
  readonly world: World & { readonly blobs: Blobs }
  /** To be looked through before anything is judged. */
  readonly sight: Sight
  /** By how much AWS's clock is ahead of this machine's, as its last answer told. */
  readonly clockOffMs: () => number | undefined
  /** Sends what is gathered. */
  readonly close: () => Promise<void>
}

export function openAccount(env: HubEnv, log: Log): Account {
  const dynamo = createDynamoClient()
  let clockOffMs: number | undefined
  watchDates(dynamo.config.requestHandler, (date) => {
    // The header counts whole seconds: half of one is the best guess.
    clockOffMs = date + 500 - systemClock.now()
  })
  const queue = openSqsQueue({
    client: createSqsClient(),
    queueUrlPrefix: env.TASKURAI_QUEUE_URL_PREFIX,
    clock: systemClock,
    log,
  })
  const store = openDynamoStore({
    client: dynamo,
    table: env.TASKURAI_TABLE,
    sendBells: queue.sendBells,
    dueShards: env.TASKURAI_DUE_SHARDS,
    monotonicMs: systemClock.monotonicMs,
  })
  const sight = createSight(store, systemClock)
  const world = {
    store,
    queue,
    log,
    blobs: openS3Blobs({ client: createS3Client(), bucket: env.TASKURAI_BUCKET }),
    clock: systemClock,
    ids: createSystemIds(),
    chance: systemChance,
    directoryShards: env.TASKURAI_DIRECTORY_SHARDS,
    seesSince: sight.seesSince,
  }
  return { world, sight, clockOffMs: () => clockOffMs, close: queue.close }
}

/** For who hears of each failure by the call that failed. */
export const silentLog: Log = { info: () => undefined, warn: () => undefined, error: () => undefined }
