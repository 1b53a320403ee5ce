import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'

/** The hub's side of a watch, as a test plays it by hand. */

export interface Watcher {
  /** The types of what it said. */
  readonly heard: readonly string[]
  readonly say: (message: object | string) => void
  readonly close: (code: number) => void
  /** As a cable that is pulled: nobody says goodbye. */
  readonly cut: () => void
  readonly closedWith: () => number | undefined
}

export interface LiveServer extends AsyncDisposable {
  readonly url: string
  /** All that ever connected, in their order. */
  readonly watchers: readonly Watcher[]
  readonly refusals: () => number
  /** Refuses connections with this status until told otherwise. */
  readonly refuse: (status: number | undefined) => void
  /** Answers pings from now on, or not. */
  readonly answer: (isAnswering: boolean) => void
}

export async function startLiveServer(onWatcher: (watcher: Watcher, number: number) => void = () => undefined) {
  const watchers: Watcher[] = []
  let refusals = 0
  let status: number | undefined
  let isAnswering = true
  const sockets = new WebSocketServer({ noServer: true })
  const server = createServer()
  server.on('upgrade', (request, socket, head) => {
    if (status !== undefined) {
      refusals++
      socket.end(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`)
      return
    }
    sockets.handleUpgrade(request, socket, head, (opened) => {
      const watcher = follow(opened, () => isAnswering)
      watchers.push(watcher)
      onWatcher(watcher, watchers.length)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const made: LiveServer = {
    url: `ws://127.0.0.1:${port}/v1/live?token=tw_test`,
    watchers,
    refusals: () => refusals,
    refuse: (next) => {
      status = next
    },
    answer: (next) => {
      isAnswering = next
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets.clients) socket.terminate()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return made
}

function follow(socket: WebSocket, isAnswering: () => boolean): Watcher {
  const heard: string[] = []
  let closedWith: number | undefined
  const say = (message: object | string): void =>
    socket.send(typeof message === 'string' ? message : JSON.stringify(message))
  socket.on('message', (data) => {
    const { type } = JSON.parse(String(data))
    heard.push(type)
    if (type === 'ping' && isAnswering()) say({ type: 'pong' })
  })
  socket.on('close', (code) => {
    closedWith = code
  })
  socket.on('error', () => undefined)
  return {
    heard,
    say,
    close: (code) => socket.close(code),
    cut: () => socket.terminate(),
    closedWith: () => closedWith,
  }
}

/** A state as the hub tells it; later ones have a greater `n`. */
export function taskMessage(n: number, fields: object = {}): object {
  const task = {
    id: '01K9Z0000000000000000000AB',
    command: 'order.confirm',
    version: 1,
    correlationId: 'c',
    createdAt: '2026-11-30T08:00:00.000Z',
    modifiedAt: '2026-11-30T08:00:00.000Z',
    status: 'running',
    statusCode: 102,
    runCount: 1,
    progress: { percent: n, at: '2026-11-30T08:00:00.000Z' },
    ...fields,
  }
  return { type: 'task', task, version: `b.${String(n).padStart(10, '0')}` }
}
