import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import { newSecret } from '#adapters/system/secrets'
import { ApiError } from '#core/contract/errors'
import { limits } from '#core/contract/limits'
import type { Connection } from '#core/live/connections'
import type { LiveDoor } from '#core/live/door'
import type { World } from '#core/world'
import { sendFirstStates } from '#functions/live/first-states'
import { closeConnection, openConnection } from '#functions/live/open'
import { createReceive } from '#functions/live/receive'
import { revokeToken } from '#functions/live/revoke'
import { refuse as refuseOpen } from '#functions/live/sockets'
import { refuseUpgrade } from '../refuse-upgrade.ts'
import { LiveSockets, type LiveTimes } from './live-sockets.ts'
import { createPusher, type Pusher } from './pusher.ts'

export const livePath = '/v1/live'

export interface LiveServer {
  readonly accept: (incoming: IncomingMessage, socket: Socket) => void
  readonly door: LiveDoor
  readonly pusher: Pusher
  readonly parts: { readonly world: World; readonly sockets: LiveSockets }
  readonly stop: () => Promise<void>
}

export interface LiveServerOptions {
  readonly world: World
  readonly onFailed: (error: unknown) => void
  /**
   * Whose pages may connect. Absent: any. A browser sends no cookie that would count here, so a strange page has
   * nothing without the token, and with the token it needs no page.
   */
  readonly origins?: readonly string[] | undefined
  readonly times?: LiveTimes | undefined
  /** Connections at a time; default `limits.watchers`. */
  readonly most?: number | undefined
}

const goodbyeMostMs = 500

export function createLiveServer({
  world,
  onFailed,
  origins,
  times,
  most = limits.watchers,
}: LiveServerOptions): LiveServer {
  const sockets = new LiveSockets(world.clock.now, times)
  const parts = { world, sockets }
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: limits.watchFrameBytes,
    perMessageDeflate: false,
    clientTracking: false,
    autoPong: false,
  })
  const receive = createReceive(parts)
  /** On their way between the request and the open connection. */
  let opening = 0
  let isStopping = false

  async function accept(incoming: IncomingMessage, socket: Socket): Promise<void> {
    const refusal = refusalOf(incoming)
    if (refusal !== undefined) return refuseUpgrade(socket, refusal)
    opening++
    try {
      const connectionId = world.ids.next()
      const opened = await openConnection(world, sockets, { connectionId, token: tokenOf(incoming) })
      if (opened.kind === 'open') await begin(incoming, socket, opened.connection)
      // A browser learns nothing of an answer before the upgrade: who may be here is told in a message.
      else if (opened.code === 'too-many') upgradeTo(incoming, socket, (ws) => turnAway(ws, opened.detail))
      else refuseUpgrade(socket, new ApiError('forbidden', opened.detail))
    } catch (error) {
      onFailed(error)
      refuseUpgrade(socket, new ApiError('unavailable', 'the hub could not look at the token'))
    } finally {
      opening--
    }
  }

  function refusalOf({ headers }: IncomingMessage): ApiError | undefined {
    if (isStopping) return new ApiError('unavailable', 'the hub stops')
    if (sockets.size + opening >= most) {
      return new ApiError('unavailable', `${most} connections are open already (limit watchers)`)
    }
    if (origins === undefined || headers.origin === undefined || origins.includes(headers.origin)) return undefined
    return new ApiError('forbidden', `pages of ${headers.origin} may not connect to this hub`)
  }

  function upgradeTo(incoming: IncomingMessage, socket: Socket, onOpen: (ws: WebSocket) => void): boolean {
    let isOpen = false
    server.handleUpgrade(incoming, socket, Buffer.alloc(0), (ws) => {
      isOpen = true
      ws.on('error', () => ws.terminate())
      onOpen(ws)
    })
    return isOpen
  }

  async function begin(incoming: IncomingMessage, socket: Socket, connection: Connection): Promise<void> {
    const { id, expiresAt, tokenExpiresAt } = connection
    const isOpen = upgradeTo(incoming, socket, (ws) => {
      const expiryReason = expiresAt < tokenExpiresAt ? 'lifetime-over' : 'token-expired'
      sockets.add({ id, socket: ws, expiresAtMs: expiresAt, expiryReason })
      ws.on('message', (data: Buffer) => void receive(id, data.toString('utf8')).catch(onFailed))
      ws.on('close', () => {
        // What a hub leaves behind is found gone by the next one, at the first push.
        if (!isStopping) closeConnection(world, id).catch(onFailed)
      })
    })
    if (!isOpen) return closeConnection(world, id)
    await sendFirstStates(parts, connection).catch(async (error: unknown) => {
      onFailed(error)
      await refuseOpen(sockets, id, 'failed')
    })
  }

  return {
    accept: (incoming, socket) => void accept(incoming, socket),
    parts,
    pusher: createPusher(parts, onFailed),
    door: { newSecret, urlOf: addressOf, revoke: (tokenId) => revokeToken(parts, tokenId) },
    stop: () => {
      isStopping = true
      return sockets.closeAll(goodbyeMostMs)
    },
  }
}

function turnAway(ws: WebSocket, detail: string): void {
  ws.send(JSON.stringify({ type: 'refused', code: 'too-many', detail }))
  ws.close(4429, 'too-many')
}

function tokenOf({ url = '/' }: IncomingMessage): string {
  return new URL(url, 'http://hub').searchParams.get('token') ?? ''
}

/** Under the name by which the caller reached the hub: it is what he signed. */
function addressOf(request: Request, token: string): string {
  const { protocol, host } = new URL(request.url)
  return `${protocol === 'https:' ? 'wss' : 'ws'}://${host}${livePath}?token=${token}`
}
