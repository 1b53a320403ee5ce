import type { Duplex } from 'node:stream'
import { sharedMonotonicMs } from '#adapters/process/monotonic'
import type { Chance } from '#core/ports'
import { lineReader } from './lines.ts'
import type { Opened } from './open-stream.ts'

/** Keeps one stream to the hub open: a broken one is opened again, with backoff and jitter, until `close`. */

const backoffLeastMs = 50
const backoffMostMs = 5_000

export interface ConnectionEvents {
  readonly onOpen: (clockOffMs: number | undefined) => void
  readonly onLine: (line: string) => void
  readonly onDown: (message: string) => void
  readonly onRefused: (message: string) => void
}

export interface HubConnection {
  readonly write: (line: string) => void
  /** Breaks the stream, so that a new one is opened: it was half-open, or the hub does not know us. */
  readonly breakOff: (why: string) => void
  readonly close: () => void
  /** How long there has been no stream, or nothing behind it; 0 while there is. */
  readonly downMs: () => number
}

export function keepConnected(open: () => Promise<Opened>, chance: Chance, events: ConnectionEvents): HubConnection {
  let socket: Duplex | undefined
  let closed = false
  let downSinceMs: number | undefined = sharedMonotonicMs()
  let awayMs: Extract<Opened, { kind: 'open' }>['awayMs']
  let failures = 0
  let timer: NodeJS.Timeout | undefined

  const connect = async () => {
    timer = undefined
    const opened = await open()
    if (closed) {
      if (opened.kind === 'open') opened.socket.destroy()
      return
    }
    switch (opened.kind) {
      case 'open':
        awayMs = opened.awayMs
        return use(opened.socket, opened.head, opened.clockOffMs)
      case 'refused':
        events.onRefused(opened.message)
        return again()
      case 'away':
        events.onDown(opened.message)
        return again()
      default:
        opened satisfies never
    }
  }

  const again = () => {
    if (closed || timer !== undefined) return
    const mostMs = Math.min(backoffMostMs, backoffLeastMs * 2 ** failures++)
    timer = setTimeout(attempt, mostMs / 2 + (chance() * mostMs) / 2)
  }

  const attempt = () => {
    connect().catch((error: unknown) => {
      events.onDown(String(error))
      again()
    })
  }

  const use = (opened: Duplex, head: string, clockOffMs: number | undefined) => {
    socket = opened
    downSinceMs = undefined
    const reader = lineReader((line) => {
      // Only an answer proves that the stream works: until then each new try waits longer.
      failures = 0
      events.onLine(line)
    })
    const take = (chunk: string) => {
      if (reader.push(chunk) === 'too-long') lose(opened, 'a line without end')
    }
    opened.setEncoding('utf8')
    opened.on('data', take)
    opened.on('error', (error) => lose(opened, error.message))
    opened.on('end', () => lose(opened, 'the hub closed the stream'))
    opened.on('close', () => lose(opened, 'the stream closed'))
    events.onOpen(clockOffMs)
    if (head.length > 0) take(head)
  }

  const lose = (lost: Duplex, message: string) => {
    if (socket !== lost) return
    socket = undefined
    downSinceMs = sharedMonotonicMs()
    lost.destroy()
    events.onDown(message)
    again()
  }

  attempt()
  return {
    write: (line) => {
      socket?.write(line)
    },
    breakOff: (why) => {
      if (socket !== undefined) lose(socket, why)
    },
    close: () => {
      closed = true
      clearTimeout(timer)
      socket?.end()
      socket = undefined
    },
    downMs: () => (downSinceMs === undefined ? (awayMs?.() ?? 0) : sharedMonotonicMs() - downSinceMs),
  }
}
