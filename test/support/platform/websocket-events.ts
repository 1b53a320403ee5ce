import type { IncomingMessage } from 'node:http'

/** What API Gateway hands to the function of a WebSocket API. */

export type SocketEventType = 'CONNECT' | 'MESSAGE' | 'DISCONNECT'

export interface SocketEvent {
  readonly requestContext: {
    readonly routeKey: string
    readonly eventType: SocketEventType
    readonly connectionId: string
    readonly connectedAt: number
    readonly domainName: string
    readonly stage: string
    readonly apiId: string
    readonly requestId: string
    readonly requestTimeEpoch: number
    readonly identity: { readonly sourceIp: string }
    readonly disconnectStatusCode?: number
    readonly disconnectReason?: string
  }
  /** Of `$connect` alone. */
  readonly headers?: Readonly<Record<string, string>>
  readonly queryStringParameters?: Readonly<Record<string, string>> | null
  readonly body?: string
  readonly isBase64Encoded: boolean
}

export interface About {
  readonly id: string
  readonly stage: string
  readonly host: string
  readonly connectedAt: number
}

export interface Told {
  readonly request?: IncomingMessage
  readonly body?: string
  readonly disconnectStatusCode?: number
  readonly disconnectReason?: string
}

const routeKeys = { CONNECT: '$connect', MESSAGE: '$default', DISCONNECT: '$disconnect' } as const
let requests = 0

export function eventOf(eventType: SocketEventType, about: About, told: Told): SocketEvent {
  const { request, body, ...ended } = told
  return {
    requestContext: {
      routeKey: routeKeys[eventType],
      eventType,
      connectionId: about.id,
      connectedAt: about.connectedAt,
      domainName: about.host,
      stage: about.stage,
      apiId: 'wsabcdefgh',
      requestId: `request-${++requests}`,
      requestTimeEpoch: Date.now(),
      identity: { sourceIp: '127.0.0.1' },
      ...ended,
    },
    ...(request === undefined ? {} : ofHandshake(request)),
    ...(body === undefined ? {} : { body }),
    isBase64Encoded: false,
  }
}

function ofHandshake({ headers, url = '' }: IncomingMessage) {
  const { searchParams } = new URL(url, 'ws://gateway')
  const query = Object.fromEntries(searchParams)
  return {
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
    // Absent altogether, not empty, where there are none.
    ...(Object.keys(query).length === 0 ? {} : { queryStringParameters: query }),
  }
}
