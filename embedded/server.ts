import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { ApiError } from '#core/contract/errors'
import type { Api } from '#functions/api/app'
import type { Authorization, RawRequest } from './authorize.ts'
import { watchFileTraffic } from './file-traffic.ts'
import { livePath } from './live/live-server.ts'
import { refuseUpgrade } from './refuse-upgrade.ts'

export const streamPath = '/v1/worker-protocol/stream'
const streamProtocol = 'taskurai-worker/1'
/** A connection that sends no whole request in that time is closed: half-open ones hold nothing for long. */
const requestMostMs = 60_000
const headersMostMs = 15_000

export interface ListenOptions {
  readonly host: string
  readonly port: number
  readonly api: Api
  readonly authorize: (raw: RawRequest) => Authorization
  readonly onStream: (socket: Socket, principal: string) => void
  /** Somebody wants to watch tasks: authorized by a token in the address, not by a signature. */
  readonly onLive: (incoming: IncomingMessage, socket: Socket) => void
}

export type ListenOutcome =
  | { readonly kind: 'listening'; readonly endpoint: string; readonly close: () => Promise<void> }
  | { readonly kind: 'refused'; readonly message: string }

/** The hub's one port: the API, and upgraded streams of instances. */
export async function listen(options: ListenOptions): Promise<ListenOutcome> {
  const { host, port, api } = options
  const server = createServer(
    { requestTimeout: requestMostMs, headersTimeout: headersMostMs },
    (incoming, outgoing) => {
      traffic.note(incoming, outgoing)
      return listener(incoming, outgoing)
    },
  )
  const traffic = watchFileTraffic(server)
  const listener = getRequestListener(
    (request, env) => api.fetch(request, { rawUrl: (env as { incoming: IncomingMessage }).incoming.url ?? '/' }),
    { overrideGlobalObjects: false },
  )
  const sockets = new Set<Socket>()
  server.on('upgrade', (incoming: IncomingMessage, socket: Socket, head: Buffer) => {
    // What came right behind the request belongs to the stream.
    if (head.length > 0) socket.unshift(head)
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    upgrade(options, incoming, socket)
  })
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, host, resolve)
    })
  } catch (error) {
    return { kind: 'refused', message: whyNotListening(error, host, port) }
  }
  const bound = (server.address() as AddressInfo).port
  return {
    kind: 'listening',
    endpoint: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const socket of sockets) socket.destroy()
      server.closeIdleConnections()
      setTimeout(() => server.closeAllConnections(), 2_000).unref()
      await closed
    },
  }
}

function upgrade({ authorize, onStream, onLive }: ListenOptions, incoming: IncomingMessage, socket: Socket): void {
  socket.on('error', () => socket.destroy())
  const { url = '/', method = 'GET' } = incoming
  if (url.split('?', 1)[0] === livePath && incoming.headers.upgrade?.toLowerCase() === 'websocket') {
    return onLive(incoming, socket)
  }
  if (url !== streamPath || incoming.headers.upgrade !== streamProtocol) {
    return refuseUpgrade(
      socket,
      new ApiError(
        'not-found',
        `only ${streamPath} takes an upgrade, to ${streamProtocol}, and ${livePath} to websocket`,
      ),
    )
  }
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(incoming.headers))
    headers[name] = Array.isArray(value) ? value.join(',') : (value ?? '')
  const authorization = authorize({ method, url, headers, body: new Uint8Array() })
  if (!authorization.ok) return refuseUpgrade(socket, new ApiError('forbidden', authorization.detail))
  if (!authorization.allows(method, url))
    return refuseUpgrade(socket, new ApiError('forbidden', `this key may not ${method} ${url}`))
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${streamProtocol}\r\n\r\n`)
  onStream(socket, authorization.principal)
}

function whyNotListening(error: unknown, host: string, port: number): string {
  const code = (error as NodeJS.ErrnoException).code
  if (code === 'EADDRINUSE')
    return `port ${port} on ${host} is taken: set TASKURAI_PORT to another one, or to 0 for any free one`
  if (code === 'EACCES')
    return `port ${port} on ${host} may not be opened by this user: set TASKURAI_PORT to one above 1023`
  return `cannot listen on ${host}:${port}: ${String(error)}`
}
