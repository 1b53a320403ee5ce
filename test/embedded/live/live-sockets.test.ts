import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { limits } from '#core/contract/limits'
import { LiveSockets, type LiveTimes, liveTimes } from '../../../embedded/live/live-sockets.ts'
import { until } from '../../support/until.ts'

const large = 'x'.repeat(100_000)
const hourMs = 3_600_000

/** The hub's end and the watcher's end of real connections, which the watcher may stop reading. */
async function openPairs(times: Partial<LiveTimes> = {}) {
  const sockets = new LiveSockets(Date.now, { ...liveTimes, lookEveryMs: 20, ...times })
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', autoPong: false })
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  let count = 0
  return {
    sockets,
    connect: async (expiresInMs = hourMs) => {
      const id = `c-${count++}`
      const accepted = new Promise<WebSocket>((resolve) => server.once('connection', resolve))
      const client = new WebSocket(`ws://127.0.0.1:${port}`)
      const said: { readonly about: string; readonly n: number }[] = []
      client.on('message', (data) => void said.push(JSON.parse(String(data))))
      client.on('error', () => undefined)
      const over = new Promise<number>((resolve) => client.once('close', resolve))
      await new Promise((resolve) => client.once('open', resolve))
      const socket = await accepted
      sockets.add({ id, socket, expiresAtMs: Date.now() + expiresInMs, expiryReason: 'lifetime-over' })
      return { ...{ id, client, said, over, socket } }
    },
    [Symbol.asyncDispose]: async () => {
      await sockets.closeAll(100)
      for (const client of server.clients) client.terminate()
      server.close()
    },
  }
}

type Pairs = Awaited<ReturnType<typeof openPairs>>

/** So much that what the machine holds on the way is full, and the hub's own limit too. */
function fill({ sockets }: Pairs, { id, socket }: { readonly id: string; readonly socket: WebSocket }): number {
  let n = 0
  while (socket.bufferedAmount < limits.watcherBytes) {
    sockets.send(id, { text: JSON.stringify({ about: 'fill', n: n++, large }), about: 'fill' })
  }
  return n
}

describe('a watcher that does not read', () => {
  it('holds up no more than a limit, and gets the newest state of each task when it reads again', async () => {
    await using pairs = await openPairs()
    const slow = await pairs.connect()
    slow.client.pause()
    const filled = fill(pairs, slow)
    const held = slow.socket.bufferedAmount
    for (let n = 0; n < 500; n++) {
      for (const about of ['a', 'b']) {
        const text = JSON.stringify({ about, n, large })
        expect(pairs.sockets.send(slow.id, { text, about })).toBe('sent')
      }
    }
    expect(slow.socket.bufferedAmount).toBe(held)
    slow.client.resume()
    await until('all of it', () => slow.said.length === filled + 2)
    expect(slow.said.slice(-2).map(({ about, n }) => [about, n])).toEqual([
      ['a', 499],
      ['b', 499],
    ])
  })

  it('is closed after what waits for it, not before', async () => {
    await using pairs = await openPairs()
    const slow = await pairs.connect()
    slow.client.pause()
    fill(pairs, slow)
    pairs.sockets.send(slow.id, { text: JSON.stringify({ about: 'a', n: 1 }), about: 'a' })
    pairs.sockets.send(slow.id, { text: JSON.stringify({ about: 'end', n: 2 }) })
    pairs.sockets.close(slow.id, 'ended')
    expect(pairs.sockets.send(slow.id, { text: '{}' })).toBe('gone')
    slow.client.resume()
    expect(await slow.over).toBe(1000)
    expect(slow.said.slice(-2).map(({ about }) => about)).toEqual(['a', 'end'])
  })

  it('is dropped when it stays so, and the others are not', async () => {
    await using pairs = await openPairs({ slowMostMs: 200 })
    const [slow, other] = [await pairs.connect(), await pairs.connect()]
    slow.client.pause()
    fill(pairs, slow)
    pairs.sockets.send(slow.id, { text: '{"about":"a","n":1}', about: 'a' })
    await until('that it is gone', () => !pairs.sockets.isOpen(slow.id))
    expect(pairs.sockets.send(slow.id, { text: '{}' })).toBe('gone')
    expect(pairs.sockets.send(other.id, { text: '{"about":"b","n":1}' })).toBe('sent')
    await until('that the other hears', () => other.said.length === 1)
  })

  it('is dropped at once when too many tasks wait for it', async () => {
    await using pairs = await openPairs()
    const slow = await pairs.connect()
    slow.client.pause()
    fill(pairs, slow)
    const outcomes = Array.from({ length: limits.watcherTasks + 1 }, (_, n) =>
      pairs.sockets.send(slow.id, { text: '{}', about: `task ${n}` }),
    )
    expect(outcomes.slice(-2)).toEqual(['sent', 'gone'])
  })
})

describe('a connection', () => {
  it('whose peer is dead is found by a ping that nobody answers', async () => {
    await using pairs = await openPairs({ pingEveryMs: 60 })
    const [dead, alive] = [await pairs.connect(), await pairs.connect()]
    // It takes what comes, and says nothing any more.
    dead.client.pong = () => undefined
    dead.client.on('ping', () => undefined)
    Object.assign(dead.client, { _autoPong: false })
    await until('that it is gone', () => !pairs.sockets.isOpen(dead.id))
    expect(pairs.sockets.isOpen(alive.id)).toBe(true)
  })

  it('ends when its time is over, and is told so', async () => {
    await using pairs = await openPairs()
    const watcher = await pairs.connect(50)
    expect(await watcher.over).toBe(4408)
    expect(watcher.said).toMatchObject([{ type: 'refused', code: 'lifetime-over' }])
    await until('that it is forgotten', () => pairs.sockets.size === 0)
  })

  it('is answered pings of its own', async () => {
    await using pairs = await openPairs()
    const watcher = await pairs.connect()
    const answered = new Promise((resolve) => watcher.client.once('pong', (data) => resolve(data.toString())))
    watcher.client.ping('still there?')
    expect(await answered).toBe('still there?')
  })
})
