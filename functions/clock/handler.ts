import type { Context, EventBridgeEvent } from 'aws-lambda'
import { createEcsClient } from '#adapters/ecs/client'
import { createEcsLauncher } from '#adapters/ecs/launcher'
import { createMetrics } from '#adapters/powertools/metrics'
import { createAttention } from '#adapters/sqs/attention'
import { readEnvironment } from '#core/contract/read-environment'
import { isLiveRetrySk, isRetrySk } from '#core/keys'
import type { Key } from '#core/ports'
import { openEventsOut } from '../home/events-out.ts'
import { openSockets } from '../home/sockets.ts'
import { openHome } from '../home/world.ts'
import { inTime, nobody } from '../live/in-time.ts'
import { repeatPush } from '../live/repeat-push.ts'
import { repeatEvent } from '../reactor/tell-events.ts'
import { ClockEnv } from './config.ts'
import { hearStop } from './stopped.ts'
import { tick } from './tick.ts'

const env = readEnvironment(ClockEnv, process.env)
const hub = env.TASKURAI_HUB
const { world, sight, sqs } = openHome(env, 'clock')
const launcher = createEcsLauncher({ client: createEcsClient(), hub })
const attention = createAttention(sqs, env.TASKURAI_ATTENTION_QUEUE_URL)
const out = openEventsOut(env)
const tell = createMetrics(hub)
const sockets = env.TASKURAI_LIVE_URL === '' ? nobody : openSockets(env.TASKURAI_LIVE_URL, world.log)

/** The schedule's minute, and what ECS tells of instances that stopped. */
export async function handler(event: EventBridgeEvent<string, unknown>, context: Context): Promise<void> {
  world.log.begin(context.awsRequestId)
  const remainingMs = () => context.getRemainingTimeInMillis()
  const onOther = (key: Key) => repeat(key, remainingMs)
  if (event.source === 'aws.ecs') await hearStop(world, launcher, event, { hub })
  else await tick({ world, launcher, sight, tell, onOther, remainingMs })
}

async function repeat(key: Key, remainingMs: () => number): Promise<void> {
  if (isLiveRetrySk(key.sk)) await repeatPush({ world, sockets: inTime(sockets, remainingMs) }, key)
  else if (isRetrySk(key.sk)) await repeatEvent({ world, out, attention }, key)
}
