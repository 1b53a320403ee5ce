import type { RefusedCode, TaskOutline } from '../core/contract/live.ts'

export type { TaskOutline }

/**
 * - `connecting`: nothing came yet
 * - `live`: what is shown is what there is
 * - `reconnecting`: the connection was lost, and is tried again by itself; what is shown may be old
 * - `ended`: the task has ended, nothing follows
 * - `refused`: the hub takes this address no more: a new one is needed
 */
export type WatchState = 'connecting' | 'live' | 'reconnecting' | 'ended' | 'refused'

/** Why a connection is tried again or was given up. `unopened`: a browser does not learn why it could not be opened. */
export interface WatchTrouble {
  readonly code: RefusedCode | 'unopened'
  readonly detail: string
}

export interface TaskNote {
  /** Orders the states of one task, as text. */
  readonly version: string
  /** What was too large to be sent, as JSON pointers into the task: `/result/output`. */
  readonly omitted: readonly string[]
}

export interface WatchOptions<Seen = TaskOutline> {
  /** Called with the state now, and with each newer one. */
  readonly onTask: (task: Seen, note: TaskNote) => void
  /** The watched task has ended; its last state was shown before. Never called for tasks of a user, account or correlation. */
  readonly onEnd?: (() => void) | undefined
  readonly onState?: ((state: WatchState, trouble?: WatchTrouble) => void) | undefined
  /** Where the runtime has none of its own. */
  readonly WebSocket?: SocketClass | undefined
}

export interface Watch {
  /** Closes the connection. Nothing is called after it. */
  readonly stop: () => void
}

/** What is used of a WebSocket: that of browsers, of Node 22, and of the package `ws`. */
export interface Socket {
  readonly send: (text: string) => void
  readonly close: (code?: number) => void
  onopen: ((event: never) => void) | null
  onmessage: ((event: never) => void) | null
  onclose: ((event: never) => void) | null
  onerror: ((event: never) => void) | null
}

export type SocketClass = new (url: string) => Socket
