import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { type RawData, type WebSocket, WebSocketServer } from 'ws'
import { close, portOf } from './api-gateway.ts'
import { eventOf, type SocketEvent } from './websocket-events.ts'

/**
 * Plays a WebSocket API of API Gateway in front of a function: `$connect` decides whether a connection comes to be,
 * `$default` gets what is said, `$disconnect` is told of its end. Its management API posts to connections and closes
 * them. As with the real one, a connection is not there for a message until `$connect` has been answered, has a name
 * with an `=` at its end, and knows no close code but its own.
 */

export interface WebSocketGatewayOptions {
  readonly handler: (event: SocketEvent) => Promise<unknown>
  readonly stage?: string
  /** Ten minutes there. */
  readonly idleMs?: number
  /** Two hours there. */
  readonly lifeMs?: number
  /** How long after the answer of `$connect` a connection is there for messages. */
  readonly standsAfterMs?: number
}

export interface WebSocketGateway extends AsyncDisposable {
  /** What watchers open, and with `http` for `ws` what is posted to. */
  readonly url: string
  readonly connections: () => readonly string[]
  /** Ends a connection without a word to anybody, as a network does; `$disconnect` may never be told there either. */
  readonly cut: (connectionId: string) => void
  /** Frames to watchers, and from them, and how often the function was called for them. */
  readonly counts: { sent: number; received: number; invoked: number }
}

const frameBytesMost = 32_768
const messageBytesMost = 131_072
const goingAway = 1001
const minuteMs = 60_000

interface Standing {
  readonly socket: WebSocket
  readonly connectedAt: number
  lastActiveAt: number
  isCut: boolean
}

export async function startWebSocketGateway(options: WebSocketGatewayOptions): Promise<WebSocketGateway> {
  const { stage = 'live', idleMs = 10 * minuteMs, lifeMs = 120 * minuteMs, standsAfterMs = 0 } = options
  const standing = new Map<string, Standing>()
  const counts = { sent: 0, received: 0, invoked: 0 }
  const handler = (event: SocketEvent) => {
    counts.invoked++
    return options.handler(event)
  }
  const upgrades = new WebSocketServer({ noServer: true, maxPayload: frameBytesMost })
  const server = createServer((request, response) => {
    manage(request, response).catch((error: unknown) => answer(response, 500, { message: String(error) }))
  })
  server.on('upgrade', (request, socket, head) => {
    connect(request, socket, head).catch(() => refuse(socket, 500))
  })

  async function connect(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const { pathname } = new URL(request.url ?? '', 'ws://gateway')
    if (pathname !== `/${stage}`) return refuse(socket, 403)
    const id = `${randomBytes(11).toString('base64url')}=`
    const connectedAt = Date.now()
    const of = { id, stage, host: request.headers.host ?? '', connectedAt }
    const result = await handler(eventOf('CONNECT', of, { request })).catch(() => ({ statusCode: 502 }))
    const { statusCode = 500 } = (result ?? {}) as { readonly statusCode?: number }
    if (statusCode < 200 || statusCode > 299) return refuse(socket, statusCode)
    upgrades.handleUpgrade(request, socket, head, (made) => stand(of, made))
  }

  function stand(of: { readonly id: string; readonly host: string; readonly connectedAt: number }, socket: WebSocket) {
    const { id, connectedAt } = of
    const own: Standing = { socket, connectedAt, lastActiveAt: Date.now(), isCut: false }
    const about = { ...of, stage }
    const idle = setInterval(() => {
      if (Date.now() - own.lastActiveAt >= idleMs) socket.close(goingAway, 'Going away')
    }, Math.min(idleMs, minuteMs) / 4)
    const life = setTimeout(() => socket.close(goingAway, 'Going away'), lifeMs)
    socket.on('error', () => undefined)
    socket.on('message', (data, isBinary) => {
      own.lastActiveAt = Date.now()
      counts.received++
      if (isBinary) return socket.close(1003)
      hear(about, own, data)
    })
    socket.once('close', (code, reason) => {
      clearInterval(idle)
      clearTimeout(life)
      standing.delete(id)
      if (own.isCut) return
      const ended = { disconnectStatusCode: code, disconnectReason: reason.toString() }
      handler(eventOf('DISCONNECT', about, ended)).catch(() => undefined)
    })
    const isThere = () => void (socket.readyState === socket.OPEN && standing.set(id, own))
    if (standsAfterMs === 0) isThere()
    else setTimeout(isThere, standsAfterMs)
  }

  function hear(about: Parameters<typeof eventOf>[1], own: Standing, data: RawData): void {
    const body = data.toString()
    handler(eventOf('MESSAGE', about, { body })).catch(() => {
      const told = { message: 'Internal server error', connectionId: about.id, requestId: 'request-1' }
      own.socket.send(JSON.stringify(told))
    })
  }

  async function manage(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bytesOf(request)
    const [, inStage, place, id = ''] = (request.url ?? '').split('/').map(decodeURIComponent)
    if (!/^AWS4-HMAC-SHA256 Credential=\S+\/execute-api\//.test(request.headers.authorization ?? ''))
      return answer(response, 403, { message: 'Missing Authentication Token' })
    if (inStage !== stage || place !== '@connections') return answer(response, 403, { message: 'Forbidden' })
    const own = standing.get(id)
    if (own === undefined) return answer(response, 410, undefined, 'GoneException')
    switch (request.method) {
      case 'POST':
        if (body.byteLength > messageBytesMost) return answer(response, 413, undefined, 'PayloadTooLargeException')
        counts.sent++
        own.lastActiveAt = Date.now()
        own.socket.send(body.toString('utf8'))
        return answer(response, 200)
      case 'GET':
        return answer(response, 200, {
          connectedAt: new Date(own.connectedAt).toISOString(),
          identity: { sourceIp: '127.0.0.1', userAgent: '' },
          lastActiveAt: new Date(own.lastActiveAt).toISOString(),
        })
      case 'DELETE':
        own.socket.close(1000, 'Connection Closed Normally')
        standing.delete(id)
        return answer(response, 204)
      default:
        return answer(response, 403, { message: 'Forbidden' })
    }
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `ws://127.0.0.1:${portOf(server)}/${stage}`,
    counts,
    connections: () => [...standing.keys()],
    cut: (connectionId) => {
      const own = standing.get(connectionId)
      if (own === undefined) throw new Error(`${connectionId} is not connected`)
      own.isCut = true
      own.socket.terminate()
    },
    [Symbol.asyncDispose]: async () => {
      for (const own of standing.values()) {
        own.isCut = true
        own.socket.terminate()
      }
      upgrades.close()
      await close(server)
    },
  }
}

function refuse(socket: Duplex, status: number): void {
  socket.end(`HTTP/1.1 ${status} Refused\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
}

function answer(response: ServerResponse, status: number, body?: unknown, errorType?: string): void {
  const headers = errorType === undefined ? {} : { 'x-amzn-errortype': errorType }
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(body === undefined ? undefined : JSON.stringify(body))
}

async function bytesOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
