import type { Socket } from 'node:net'
import { type ApiError, errorTable } from '#core/contract/errors'

/** Answers a request for an upgrade that there will not be. */
export function refuseUpgrade(socket: Socket, error: ApiError): void {
  const body = JSON.stringify(error.toProblem())
  const { status, title } = errorTable[error.code]
  const head = [
    `HTTP/1.1 ${status} ${title}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}
