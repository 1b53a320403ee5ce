import type { Context } from 'aws-lambda'
import { createCallLater } from '#adapters/lambda/call-later'
import { createLambdaClient } from '#adapters/lambda/client'
import { readEnvironment } from '#core/contract/read-environment'
import { openSockets } from '../home/sockets.ts'
import { openHome } from '../home/world.ts'
import { LiveEnv } from './config.ts'
import { createReceive } from './receive.ts'
import { answerSocketEvent, type SocketAnswer } from './socket-event.ts'

const env = readEnvironment(LiveEnv, process.env)
const { world } = openHome(env, 'live')
const parts = { world, sockets: openSockets(env.TASKURAI_LIVE_URL, world.log) }
const receive = createReceive(parts)
const lambda = createLambdaClient()

export async function handler(event: unknown, context: Context): Promise<SocketAnswer> {
  world.log.begin(context.awsRequestId)
  const callLater = createCallLater(lambda, context.functionName)
  return answerSocketEvent({ ...parts, receive, callLater }, event)
}
