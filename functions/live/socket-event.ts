import { z } from 'zod'
import { ApiError, errorTable } from '#core/contract/errors'
import { limits } from '#core/contract/limits'
import { removeConnection } from '#core/live/connections'
import type { LiveParts } from './deliver.ts'
import { greet, turnAway } from './greet.ts'
import { closeConnection, openConnection } from './open.ts'
import type { ReceiveFrame } from './receive.ts'

/**
 * What the function of a WebSocket API is called for: a connection that wants in, what it says, its end, and, by the
 * function itself, what is to be said to one that was let in. What comes is told by the type of the event, which API
 * Gateway sets: a route's name is picked by what a watcher says.
 */

const id = z.string().min(1).max(128)

const Event = z.union([
  z.object({ greet: id }),
  z.object({ turnAway: id }),
  z.object({
    requestContext: z.object({ eventType: z.enum(['CONNECT', 'MESSAGE', 'DISCONNECT']), connectionId: id }),
    queryStringParameters: z.object({ token: z.string().optional() }).nullish(),
    body: z.string().nullish(),
  }),
])

export interface SocketEventParts extends LiveParts {
  readonly receive: ReceiveFrame
  /** Calls this function with an event, without waiting for what comes of it. */
  readonly callLater: (event: z.input<typeof Event>) => Promise<void>
}

/** For a connection that wants in, anything but 200 keeps it out; the rest is read by nobody. */
export interface SocketAnswer {
  readonly statusCode: number
}

const ok: SocketAnswer = { statusCode: 200 }

export async function answerSocketEvent(parts: SocketEventParts, raw: unknown): Promise<SocketAnswer> {
  const event = Event.parse(raw)
  if ('greet' in event) {
    await greet(parts, event.greet)
    return ok
  }
  if ('turnAway' in event) {
    await turnAway(parts, event.turnAway)
    return ok
  }
  const { connectionId, eventType } = event.requestContext
  switch (eventType) {
    case 'CONNECT':
      return letIn(parts, connectionId, event.queryStringParameters?.token ?? '')
    case 'MESSAGE':
      await parts.receive(connectionId, event.body ?? '')
      return ok
    case 'DISCONNECT':
      await closeConnection(parts.world, connectionId)
      return ok
    default:
      eventType satisfies never
      return ok
  }
}

async function letIn(parts: SocketEventParts, connectionId: string, token: string): Promise<SocketAnswer> {
  const { world, sockets, callLater } = parts
  try {
    const ask = { connectionId, token: token.slice(0, limits.watchTokenChars + 1) }
    const outcome = await openConnection(world, sockets, ask)
    if (outcome.kind === 'refused') {
      world.log.info('live.refused', { code: outcome.code, detail: outcome.detail })
      if (outcome.code === 'forbidden') return { statusCode: errorTable.forbidden.status }
      await callLater({ turnAway: connectionId })
      return ok
    }
    // It cannot be written to before this call is answered.
    await callLater({ greet: connectionId }).catch(async (error: unknown) => {
      await removeConnection(world, outcome.connection)
      throw error
    })
    return ok
  } catch (error) {
    world.log.error('live.open-failed', { connectionId, error: String(error) })
    return { statusCode: errorTable[error instanceof ApiError ? error.code : 'internal'].status }
  }
}
