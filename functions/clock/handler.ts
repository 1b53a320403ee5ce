import type { Context, EventBridgeEvent } from 'aws-lambda'
import { createEcsClient } from '#adapters/ecs/client'
import { createEcsLauncher } from '#adapters/ecs/launcher'
import { createMetrics } from '#adapters/powertools/metrics'
import { createAttention } from '#adapters/sqs/attention'
import { readEnvironment } from '#core/contract/read-environment'
import { isRetrySk } from '#core/keys'
import type { Key } from '#core/ports'
import { openEventsOut } from '../home/events-out.ts'
import { openHome } from '../home/world.ts'
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

/** The schedule's minute, and what ECS tells of instances that stopped. */
export async function handler(event: EventBridgeEvent<string, unknown>, context: Context): Promise<void> {
  world.log.begin(context.awsRequestId)
  if (event.source === 'aws.ecs') await hearStop(world, launcher, event, { hub })
  else await tick({ world, launcher, sight, tell, onOther, remainingMs: () => context.getRemainingTimeInMillis() })
}

async function onOther(key: Key): Promise<void> {
  if (isRetrySk(key.sk)) await repeatEvent({ world, out, attention }, key)
}
