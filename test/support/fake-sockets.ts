import type { CloseReason } from '#core/contract/live'
import type { Outgoing, SendOutcome, Sockets } from '#functions/live/sockets'

// biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever was said
export type Said = any

/** One watcher's end of a connection that is no real one. */
export interface FakeSocket {
  readonly said: Said[]
  closed: CloseReason | undefined
  /** What becomes of a message to it. `hangs`: nobody ever knows. */
  takes: SendOutcome | 'hangs'
}

export interface FakeSockets extends Sockets {
  readonly connect: (id: string) => FakeSocket
  readonly of: (id: string) => FakeSocket
}

export function createFakeSockets(): FakeSockets {
  const open = new Map<string, FakeSocket>()
  return {
    connect: (id) => {
      const socket: FakeSocket = { said: [], closed: undefined, takes: 'sent' }
      open.set(id, socket)
      return socket
    },
    of: (id) => {
      const socket = open.get(id)
      if (socket === undefined) throw new Error(`no socket ${id}`)
      return socket
    },
    send: (id: string, { text }: Outgoing) => {
      const socket = open.get(id)
      if (socket === undefined || socket.closed !== undefined) return 'gone'
      if (socket.takes === 'hangs') return new Promise(() => undefined)
      if (socket.takes === 'sent') socket.said.push(JSON.parse(text))
      return socket.takes
    },
    close: (id, reason) => {
      const socket = open.get(id)
      if (socket !== undefined) socket.closed ??= reason
    },
    isOpen: (id) => open.get(id)?.closed === undefined && open.has(id),
  }
}
