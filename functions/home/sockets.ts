import { createSocketsClient } from '#adapters/api-gateway-sockets/client'
import { type ApiGatewaySockets, createApiGatewaySockets } from '#adapters/api-gateway-sockets/sockets'
import type { Log } from '#core/ports'

/** The connections of those who watch, as every function reaches them. */
export function openSockets(liveUrl: string, log: Pick<Log, 'warn'>): ApiGatewaySockets {
  return createApiGatewaySockets({ client: createSocketsClient({ liveUrl }), log })
}
