import type { Context } from 'aws-lambda'
import { createEcsCheckRuns } from '#adapters/ecs/check-runs'
import { createEcsClient } from '#adapters/ecs/client'
import { createEcsRevisions } from '#adapters/ecs/revisions'
import { readEnvironment } from '#core/contract/read-environment'
import { openHome } from '../home/world.ts'
import { RegistrarEnv } from './config.ts'
import { answerRequest, type CustomResourceParts } from './custom-resource.ts'
import { putAnswer } from './put-answer.ts'

const env = readEnvironment(RegistrarEnv, process.env)
const { world } = openHome(env, 'registrar')
const client = createEcsClient()
const hub = env.TASKURAI_HUB

const parts: CustomResourceParts = {
  world,
  hub,
  checkRuns: createEcsCheckRuns({ client, hub }),
  revisions: createEcsRevisions(client),
  put: putAnswer,
}

export async function handler(event: unknown, context: Context): Promise<void> {
  world.log.begin(context.awsRequestId)
  await answerRequest(parts, event, () => context.getRemainingTimeInMillis())
}
