import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Requests that carry files take as long as they take, while something moves. All others have a minute for the whole
 * request, as the server's `requestTimeout` says, so that half-open ones hold nothing for long.
 */

const idleMostMs = 120_000

export interface FileTraffic {
  /** Called with every request; costs a look at its method and target. */
  readonly note: (incoming: IncomingMessage, outgoing: ServerResponse) => void
}

export function watchFileTraffic(server: Server): FileTraffic {
  const uploading = new WeakSet<Socket>()

  // Having this listener, the server leaves to it what becomes of a connection whose time is over.
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && uploading.has(socket)) return
    refuse(socket, error.code)
  })

  return {
    note: (incoming, outgoing) => {
      const { method, url = '', socket } = incoming
      const isUpload = method === 'PUT' && url.startsWith('/v1/payloads/')
      if (!isUpload && !(method === 'GET' && url.includes('/files/'))) return
      if (isUpload) uploading.add(socket)
      socket.setTimeout(idleMostMs)
      outgoing.on('close', () => {
        uploading.delete(socket)
        socket.setTimeout(0)
      })
    },
  }
}

const answers: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Payload Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
}

/** What the server would have done by itself, for all but uploads. */
function refuse(socket: Socket, code: string | undefined): void {
  if (socket.writable && code !== 'ECONNRESET') {
    socket.write(`HTTP/1.1 ${answers[code ?? ''] ?? '400 Bad Request'}\r\nConnection: close\r\n\r\n`)
  }
  socket.destroy()
}
