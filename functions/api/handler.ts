import type { APIGatewayProxyEventV2, Context } from 'aws-lambda'
import { createCloudWatchLogsClient } from '#adapters/cloudwatch-logs/client'
import { openCloudWatchTaskLogs } from '#adapters/cloudwatch-logs/task-logs'
import { createS3Downloads } from '#adapters/s3/downloads'
import { createS3Uploads } from '#adapters/s3/uploads'
import { newSecret } from '#adapters/system/secrets'
import { readEnvironment } from '#core/contract/read-environment'
import type { LiveDoor } from '#core/live/door'
import { openSockets } from '../home/sockets.ts'
import { openHome } from '../home/world.ts'
import { revokeToken } from '../live/revoke.ts'
import { createWorkerCalls } from '../worker-protocol/worker-calls.ts'
import { createApi } from './app.ts'
import { createCatalog } from './catalog.ts'
import { ApiEnv } from './config.ts'
import { createCheckSubTasks } from './create-sub-tasks.ts'
import { answerEvent, type HttpEvent, type HttpResult } from './http-event.ts'
import { createRegisterWorker } from './register-worker.ts'

const env = readEnvironment(ApiEnv, process.env)
const { world: account, sight, s3 } = openHome(env, 'api')
// Read by people only, and by no other part of the hub.
const taskLogs = openCloudWatchTaskLogs({
  client: createCloudWatchLogsClient(),
  hub: env.TASKURAI_HUB,
  clock: account.clock,
})
const world = { ...account, taskLogs }
const place = { client: s3, bucket: env.TASKURAI_BUCKET }
const catalog = createCatalog(world)
const api = createApi({
  world,
  catalog,
  workerCalls: createWorkerCalls(world, createRegisterWorker({ world, catalog }), {
    isShared: true,
    checkSubTasks: createCheckSubTasks({ world, catalog }),
  }),
  uploads: createS3Uploads(place),
  downloads: createS3Downloads(place),
  live: openDoor(env.TASKURAI_LIVE_URL),
  authorize: () => ({ ok: false, detail: 'who signed this is found out by API Gateway alone' }),
})

function openDoor(liveUrl: string): LiveDoor | undefined {
  if (liveUrl === '') return undefined
  const parts = { world, sockets: openSockets(liveUrl, world.log) }
  return {
    urlOf: (_, token) => `${liveUrl}?token=${token}`,
    newSecret,
    revoke: (tokenId) => revokeToken(parts, tokenId),
  }
}

export async function handler(event: APIGatewayProxyEventV2, context: Context): Promise<HttpResult> {
  world.log.begin(context.awsRequestId)
  // Nothing else here judges leases.
  if (event.rawPath.includes('/worker-protocol/')) await sight.look()
  return answerEvent(api, event as HttpEvent)
}
