import { createServer } from 'node:http'
import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { createSocketsClient } from '#adapters/api-gateway-sockets/client'
import { createApiGatewaySockets } from '#adapters/api-gateway-sockets/sockets'
import { close, portOf } from '../../support/platform/api-gateway.ts'
import { startWebSocketGateway, type WebSocketGatewayOptions } from '../../support/platform/websocket-gateway.ts'
import { until } from '../../support/until.ts'

const letIn: WebSocketGatewayOptions['handler'] = async () => ({ statusCode: 200 })

function socketsAt(liveUrl: string) {
  const warned: string[] = []
  const log = { warn: (event: string) => void warned.push(event) }
  const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' }
  const client = createSocketsClient({ liveUrl, region: 'eu-west-1', credentials })
  return { warned, ...createApiGatewaySockets({ client, log }), [Symbol.dispose]: () => client.destroy() }
}

/** A watcher's own end. */
async function open(url: string) {
  const socket = new WebSocket(url)
  const texts: string[] = []
  socket.on('message', (data) => void texts.push(data.toString()))
  const closed = new Promise<number>((resolve) => socket.once('close', resolve))
  await new Promise((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
  return { texts, closed, [Symbol.dispose]: () => socket.terminate() }
}

describe('connections that API Gateway holds', () => {
  it('are written to and closed, also one whose name has signs that a path escapes', async () => {
    await using gateway = await startWebSocketGateway({ handler: letIn })
    using watcher = await open(gateway.url)
    using sockets = socketsAt(gateway.url)
    const [id = ''] = gateway.connections()
    expect(id).toMatch(/=$/)
    expect(await sockets.send(id, { text: '{"type":"pong"}' })).toBe('sent')
    await until('it is there', () => watcher.texts.includes('{"type":"pong"}'))
    await sockets.close(id)
    expect(await watcher.closed).toBe(1000)
    expect(sockets.warned).toEqual([])
  })

  it('are gone when they ended, were never there, or wait for the answer of their $connect', async () => {
    let waiting = ''
    const seen: unknown[] = []
    using sockets = socketsAt('ws://127.0.0.1:1/live')
    await using gateway = await startWebSocketGateway({
      handler: async ({ requestContext }) => {
        if (requestContext.eventType !== 'CONNECT') return undefined
        waiting = requestContext.connectionId
        using early = socketsAt(`ws://${requestContext.domainName}/live`)
        seen.push(await early.send(waiting, { text: 'early' }))
        return { statusCode: 200 }
      },
    })
    using of = socketsAt(gateway.url)
    const watcher = await open(gateway.url)
    expect(seen).toEqual(['gone'])
    watcher[Symbol.dispose]()
    await watcher.closed
    await until('the gateway knows', () => gateway.connections().length === 0)
    expect(await of.send(waiting, { text: 'late' })).toBe('gone')
    expect(await of.send('nobody=', { text: 'x' })).toBe('gone')
    await of.close(waiting)
    expect([of.warned, sockets.warned]).toEqual([[], []])
  })

  it('a message that is too long has failed, and the connection stays', async () => {
    await using gateway = await startWebSocketGateway({ handler: letIn })
    using watcher = await open(gateway.url)
    using sockets = socketsAt(gateway.url)
    const [id = ''] = gateway.connections()
    expect(await sockets.send(id, { text: 'x'.repeat(131_073) })).toBe('failed')
    expect(await sockets.send(id, { text: 'x'.repeat(32_000) })).toBe('sent')
    await until('the second', () => watcher.texts.some((text) => text.length === 32_000))
    expect(sockets.warned).toEqual(['live.send-failed'])
  })

  it.each<[string, number, string]>([
    ['throttled', 429, 'LimitExceededException'],
    ['refused', 403, 'ForbiddenException'],
    ['met by a fault of AWS', 500, 'InternalServerError'],
  ])('a message that is %s has failed, after few tries', async (_, status, type) => {
    let tries = 0
    const server = createServer((_request, response) => {
      tries++
      response.writeHead(status, { 'content-type': 'application/json', 'x-amzn-errortype': type }).end('{}')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    using sockets = socketsAt(`ws://127.0.0.1:${portOf(server)}/live`)
    expect(await sockets.send('a=', { text: 'x' })).toBe('failed')
    await sockets.close('a=')
    expect(tries).toBeLessThanOrEqual(4)
    expect(sockets.warned).toEqual(['live.send-failed', 'live.close-failed'])
    await close(server)
  })

  it('an answer that never comes is waited for for two seconds or so', async () => {
    const server = createServer(() => undefined)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    using sockets = socketsAt(`ws://127.0.0.1:${portOf(server)}/live`)
    const startedAtMs = performance.now()
    expect(await sockets.send('a=', { text: 'x' })).toBe('failed')
    expect(performance.now() - startedAtMs).toBeLessThan(4_000)
    await close(server)
  })
})
