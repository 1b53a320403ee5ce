import { createDynamoClient } from '#adapters/dynamodb/client'
import { openDynamoStore } from '#adapters/dynamodb/store'
import { createRequestLog, type RequestLog } from '#adapters/powertools/log'
import { openS3Blobs } from '#adapters/s3/blobs'
import { createS3Client } from '#adapters/s3/client'
import { createSqsClient } from '#adapters/sqs/client'
import { openSqsQueue } from '#adapters/sqs/queue'
import { systemChance } from '#adapters/system/chance'
import { systemClock } from '#adapters/system/clock'
import { createSystemIds } from '#adapters/system/ids'
import type { HubEnv } from '#core/contract/hub-env'
import { createSight, type Sight } from '#core/sight'
import type { World } from '#core/world'

/** What the functions of a hub in an account have in common, opened once a process. */
export interface Home {
  readonly world: World & { readonly log: RequestLog }
  /** To be looked through (`look`) before anything is judged. */
  readonly sight: Sight
  readonly s3: ReturnType<typeof createS3Client>
  readonly sqs: ReturnType<typeof createSqsClient>
}

/** No call is made here: a cold start waits for nothing. `service` names the function in its log. */
export function openHome(env: HubEnv, service: string): Home {
  const s3 = createS3Client()
  const sqs = createSqsClient()
  const queue = openSqsQueue({ client: sqs, queueUrlPrefix: env.TASKURAI_QUEUE_URL_PREFIX, clock: systemClock })
  const store = openDynamoStore({
    client: createDynamoClient(),
    table: env.TASKURAI_TABLE,
    sendBells: queue.sendBells,
    dueShards: env.TASKURAI_DUE_SHARDS,
    monotonicMs: systemClock.monotonicMs,
  })
  const sight = createSight(store, systemClock)
  const world = {
    store,
    queue,
    blobs: openS3Blobs({ client: s3, bucket: env.TASKURAI_BUCKET }),
    clock: systemClock,
    ids: createSystemIds(),
    chance: systemChance,
    log: createRequestLog({ service, hub: env.TASKURAI_HUB }),
    directoryShards: env.TASKURAI_DIRECTORY_SHARDS,
    seesSince: sight.seesSince,
  }
  return { world, sight, s3, sqs }
}
