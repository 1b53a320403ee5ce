import { createServer, request } from 'node:http'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { watchFileTraffic } from '#embedded/file-traffic'

/** A server whose requests have a fifth of a second, and which answers how many bytes came. */
async function startServer(): Promise<{ readonly port: number } & AsyncDisposable> {
  const limits = { requestTimeout: 200, headersTimeout: 200, connectionsCheckingInterval: 20 }
  const server = createServer(limits, (incoming, outgoing) => {
    traffic.note(incoming, outgoing)
    let bytes = 0
    incoming.on('data', (chunk: Buffer) => {
      bytes += chunk.length
    })
    incoming.on('error', () => undefined)
    incoming.on('end', () => outgoing.end(String(bytes)))
  })
  const traffic = watchFileTraffic(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server has no port.')
  return {
    port: address.port,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Sends a byte every 50 ms, ten in all. */
function trickle(
  port: number,
  method: string,
  path: string,
): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-length': 10 }
    const outgoing = request({ host: '127.0.0.1', port, method, path, headers }, (incoming) => {
      let text = ''
      incoming.setEncoding('utf8')
      incoming.on('data', (chunk: string) => {
        text += chunk
      })
      incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, text }))
    })
    outgoing.on('error', reject)
    let sent = 0
    const timer = setInterval(() => {
      if (++sent < 10) return void outgoing.write('x')
      clearInterval(timer)
      outgoing.end('x')
    }, 50)
  })
}

test('an upload takes as long as it takes, any other request does not', async () => {
  await using server = await startServer()
  const [upload, other] = await Promise.all([
    trickle(server.port, 'PUT', '/v1/payloads/01ARZ3NDEKTSV4RRFFQ69G5FAV/content?token=x'),
    trickle(server.port, 'POST', '/v1/tasks'),
  ])
  expect(upload).toEqual({ status: 200, text: '10' })
  expect(other.status).toBe(408)
})

test('what is no HTTP is answered and closed', async () => {
  await using server = await startServer()
  const said = await new Promise<string>((resolve) => {
    const socket = connect(server.port, '127.0.0.1', () => socket.write('SSH-2.0-hello\r\n\r\n'))
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
    })
    socket.on('close', () => resolve(text))
  })
  expect(said).toMatch(/^HTTP\/1\.1 400 Bad Request\r\nConnection: close/)
})
