import type { Blobs } from '#core/blobs'
import type { HubEnv } from '#core/contract/hub-env'
import type { Log } from '#core/ports'
import { createSight, type Sight } from '#core/sight'
import type { World } from '#core/world'
import { createDynamoClient } from '../dynamodb/client.ts'
import { openDynamoStore } from '../dynamodb/store.ts'
import { openS3Blobs } from '../s3/blobs.ts'
import { createS3Client } from '../s3/client.ts'
import { createSqsClient } from '../sqs/client.ts'
import { openSqsQueue } from '../sqs/queue.ts'
import { systemChance } from '../system/chance.ts'
import { systemClock } from '../system/clock.ts'
import { createSystemIds } from '../system/ids.ts'

/** What a hub in an account keeps, as its functions and its instances reach it. */
export interface Account<AccountLog extends Log = Log> {
  readonly world: World & { readonly blobs: Blobs; readonly log: AccountLog }
  /** To be looked through (`look`) before anything is judged. */
  readonly sight: Sight
  readonly dynamo: ReturnType<typeof createDynamoClient>
  readonly s3: ReturnType<typeof createS3Client>
  readonly sqs: ReturnType<typeof createSqsClient>
  /** Sends what is gathered. */
  readonly close: () => Promise<void>
}

/** Opened once a process. No call is made here: a cold start waits for nothing. */
export function openAccount<AccountLog extends Log>(env: HubEnv, log: AccountLog): Account<AccountLog> {
  const dynamo = createDynamoClient()
  const s3 = createS3Client()
  const sqs = createSqsClient()
  const attentionQueueArn = env.TASKURAI_ATTENTION_QUEUE_ARN
  const queue = openSqsQueue({
    client: sqs,
    queueUrlPrefix: env.TASKURAI_QUEUE_URL_PREFIX,
    clock: systemClock,
    log,
    hub: attentionQueueArn === undefined ? undefined : { name: env.TASKURAI_HUB, attentionQueueArn },
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
    blobs: openS3Blobs({ client: s3, bucket: env.TASKURAI_BUCKET }),
    clock: systemClock,
    ids: createSystemIds(),
    chance: systemChance,
    directoryShards: env.TASKURAI_DIRECTORY_SHARDS,
    seesSince: sight.seesSince,
  }
  return { world, sight, dynamo, s3, sqs, close: queue.close }
}

/** For who hears of each failure by the call that failed. */
export const silentLog: Log = { info: () => undefined, warn: () => undefined, error: () => undefined }
