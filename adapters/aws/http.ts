import { NodeHttpHandler } from '@smithy/node-http-handler'

/**
 * What every client of AWS is made with: a bound on each try and on the number of tries. The SDK's own defaults wait
 * without end for an answer, and a function or an instance that hangs looks alive.
 */

/** The first try and what follows a throttling, a 5xx or a broken connection, with the SDK's backoff between. */
export const triesMost = 4
const connectMs = 1_500
/** Above what the parallel conditional puts of the largest batch need to go out without waiting for a socket. */
const socketsMost = 128

export interface ClientAsk {
  /** How long one try may take until its answer begins. */
  readonly requestMs: number
  /**
   * How long an answer that has begun may stand still; without it the SDK waits 5 minutes. Not for one that its reader
   * takes piece by piece, as of a file.
   */
  readonly silentMs?: number
}

export function clientSettings({ requestMs, silentMs }: ClientAsk) {
  return {
    maxAttempts: triesMost,
    retryMode: 'standard' as const,
    requestHandler: new NodeHttpHandler({
      connectionTimeout: connectMs,
      requestTimeout: requestMs,
      // Without this the limit above only warns.
      throwOnRequestTimeout: true,
      ...(silentMs === undefined ? {} : { socketTimeout: silentMs }),
      httpsAgent: { keepAlive: true, maxSockets: socketsMost },
      httpAgent: { keepAlive: true, maxSockets: socketsMost },
    }),
  }
}
