import {
  type ApiGatewayManagementApiClient,
  DeleteConnectionCommand,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi'
import type { Log } from '#core/ports'

/** The connections of watchers as API Gateway holds them, written to by calls of its management API. */

export interface ApiGatewaySocketsOptions {
  readonly client: ApiGatewayManagementApiClient
  readonly log: Pick<Log, 'warn'>
}

/** Whether a connection is there is not told: asking costs as much as sending, and what is gone says so then. */
export interface ApiGatewaySockets {
  /** `gone` also for one whose `$connect` has not been answered yet. */
  readonly send: (connectionId: string, message: { readonly text: string }) => Promise<'sent' | 'gone' | 'failed'>
  /** With a close code of API Gateway's own; why is told by a message before. */
  readonly close: (connectionId: string) => Promise<void>
}

export function createApiGatewaySockets({ client, log }: ApiGatewaySocketsOptions): ApiGatewaySockets {
  return {
    send: async (connectionId, { text }) => {
      try {
        await client.send(new PostToConnectionCommand({ ConnectionId: connectionId, Data: text }))
        return 'sent'
      } catch (error) {
        if (isGone(error)) return 'gone'
        log.warn('live.send-failed', { connectionId, chars: text.length, error: String(error) })
        return 'failed'
      }
    },
    close: async (connectionId) => {
      try {
        await client.send(new DeleteConnectionCommand({ ConnectionId: connectionId }))
      } catch (error) {
        // It ends by itself after two hours, and is told that it is over by the next change.
        if (!isGone(error)) log.warn('live.close-failed', { connectionId, error: String(error) })
      }
    },
  }
}

const goneStatus = 410

function isGone(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { $metadata } = error as { readonly $metadata?: { readonly httpStatusCode?: number } }
  return error.name === 'GoneException' || $metadata?.httpStatusCode === goneStatus
}
