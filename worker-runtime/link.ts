import type { Connection } from '#client/credentials'
import type { HubEnv } from '#core/contract/hub-env'
import type { AbortReason } from './failure.ts'

/**
 * What the two threads of an instance say to each other. The main thread runs handlers. The agent owns the connection
 * and is the only writer of heads (protocol 16), so that a handler that blocks the event loop keeps its task.
 *
 * Invariants:
 * 1. Each grant has a slot on the board from its arrival until the main thread has no more to do with it.
 * 2. A slot leaves `granted` by compare and exchange only: the main thread starts the run, or the agent takes it back.
 *    So no run is started that was given away, even if the main thread slept over it.
 * 3. Grants cross as the text that the hub sent, ends as the text that goes to the hub: no object is copied.
 */

/** More than may be granted at a time: the highest concurrency, what is prefetched, and handlers that never return. */
export const boardSlots = 4_096

export const slotState = { free: 0, granted: 1, started: 2, takenBack: 3 } as const

export interface Board {
  readonly states: Int32Array
  /** When a run began, on the shared monotonic clock. */
  readonly startedAtMs: Float64Array
  /** Grows several times a second while the main thread's event loop turns. */
  readonly beat: Int32Array
}

export interface BoardMemory {
  readonly states: SharedArrayBuffer
  readonly startedAtMs: SharedArrayBuffer
  readonly beat: SharedArrayBuffer
}

export function createBoardMemory(): BoardMemory {
  return {
    states: new SharedArrayBuffer(boardSlots * Int32Array.BYTES_PER_ELEMENT),
    startedAtMs: new SharedArrayBuffer(boardSlots * Float64Array.BYTES_PER_ELEMENT),
    beat: new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT),
  }
}

export function boardOf(memory: BoardMemory): Board {
  return {
    states: new Int32Array(memory.states),
    startedAtMs: new Float64Array(memory.startedAtMs),
    beat: new Int32Array(memory.beat),
  }
}

/** A hub that is a server is called. One in an account has none: its instances serve themselves (docs/decisions/0012). */
export type HubPlace =
  | ({ readonly kind: 'server'; readonly endpoint: string } & Pick<Connection, 'credentials' | 'region'>)
  | { readonly kind: 'account'; readonly env: HubEnv }

export interface AgentSettings {
  readonly hub: HubPlace
  /** For messages. */
  readonly hubName: string
  readonly worker: string
  readonly concurrency: number
  readonly board: BoardMemory
  readonly recycle: { readonly maxTasks?: number; readonly maxSeconds?: number; readonly maxMemoryMb?: number }
  /** Wins over what the hub answers; absent: the hub's word. */
  readonly idleSeconds?: number
  readonly launch?: string
  readonly generation?: string
  /** JSON of the manifest, told when nobody launched this instance: the hub may not know the worker yet. */
  readonly manifest?: string
  readonly hubAwayMs: number
  /** How long the main thread may be silent while no task runs; an instance that was launched ends itself then. */
  readonly mainSilentMs: number
}

/** Everything of one turn of the main thread's event loop. `lines[i]` ends the run `runs[i]`; '' hands it back. */
export interface TurnMessage {
  readonly kind: 'turn'
  readonly runs: readonly string[]
  readonly lines: readonly string[]
  /** Slots the main thread is done with, those of taken back runs included. */
  readonly slots: readonly number[]
  /** Run and progress report as JSON, by turns. */
  readonly progress: readonly string[]
  /** Handler time of the runs that ended in this turn, all together. */
  readonly handlerMs: number
}

/** What a run says of its steps, as JSON text; answered under its number. */
export interface FlowMessage {
  readonly kind: 'flow'
  readonly op: 'step' | 'suspend' | 'outputs'
  readonly run: string
  readonly number: number
  /** The op's own fields: `"reports":[…]`, `"waits":[…]`, `"wait":"…","from":0`. */
  readonly fields: string
}

export type ToAgent =
  | TurnMessage
  | FlowMessage
  /** Take nothing new; hand back what is left when the grace is over. */
  | { readonly kind: 'stop'; readonly why: 'shutdown' | 'crash'; readonly graceMs: number }

export type FromAgent =
  | { readonly kind: 'grants'; readonly line: string; readonly slots: readonly number[] }
  /** Undefined: the run is not held any more, and an abort says so or has said so. */
  | { readonly kind: 'flow'; readonly number: number; readonly answer: unknown }
  | { readonly kind: 'abort'; readonly run: string; readonly reason: AbortReason }
  | {
      readonly kind: 'log'
      readonly level: 'info' | 'warn' | 'error'
      readonly event: string
      readonly fields: Readonly<Record<string, unknown>>
    }
  | { readonly kind: 'exit'; readonly why: ExitReason; readonly message: string }

/** Why an instance ended. */
export type ExitReason =
  | 'idle'
  | 'shutdown'
  | 'drained'
  | 'recycled'
  | 'crash'
  | 'hub-away'
  | 'refused'
  | 'bad-environment'
  | 'unreachable'

/** What its process tells whoever started it (exit code). */
export const exitCodes = {
  idle: 0,
  shutdown: 0,
  drained: 0,
  recycled: 0,
  crash: 1,
  'bad-environment': 2,
  'hub-away': 3,
  refused: 4,
  unreachable: 5,
} as const satisfies Record<ExitReason, number>
