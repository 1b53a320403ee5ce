import type { Context, DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda'
import { changeOf } from '#adapters/dynamodb/change'
import { createEcsClient } from '#adapters/ecs/client'
import { createEcsLauncher } from '#adapters/ecs/launcher'
import { createAttention } from '#adapters/sqs/attention'
import { readEnvironment } from '#core/contract/read-environment'
import { openEventsOut } from '../home/events-out.ts'
import { openSockets } from '../home/sockets.ts'
import { openHome } from '../home/world.ts'
import { inTime } from '../live/in-time.ts'
import { createPushChanges } from '../live/push.ts'
import { ReactorEnv } from './config.ts'
import { createWorkBatch } from './stream-batch.ts'
import { createTellEvents } from './tell-events.ts'

const env = readEnvironment(ReactorEnv, process.env)
const { world, sqs } = openHome(env, 'reactor')
const out = openEventsOut(env)
const statuses = new Set(env.TASKURAI_EVENTS)
const sockets = env.TASKURAI_LIVE_URL === '' ? undefined : openSockets(env.TASKURAI_LIVE_URL, world.log)
const workBatch = createWorkBatch({
  world,
  launcher: createEcsLauncher({ client: createEcsClient(), hub: env.TASKURAI_HUB }),
  changeOf,
  attention: createAttention(sqs, env.TASKURAI_ATTENTION_QUEUE_URL),
  tellEvents: out === undefined || statuses.size === 0 ? undefined : createTellEvents({ world, out, statuses }),
  pushChanges:
    sockets === undefined
      ? undefined
      : (changes, remainingMs) => createPushChanges({ world, sockets: inTime(sockets, remainingMs) })(changes),
})

export async function handler({ Records }: DynamoDBStreamEvent, context: Context): Promise<DynamoDBBatchResponse> {
  world.log.begin(context.awsRequestId)
  const failed = await workBatch(Records, () => context.getRemainingTimeInMillis())
  return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) }
}
