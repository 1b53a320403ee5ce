/** How a call is tried again: full jitter under a doubling cap, never before the hub's own Retry-After, and not for ever. */
export interface Patience {
  readonly tries: number
  /** All tries and pauses together. */
  readonly totalMs: number
}

export const defaultPatience: Patience = { tries: 6, totalMs: 60_000 }
/** Somebody waits for a task for hours: a hub that restarts meanwhile is waited for as well. */
export const waitingPatience: Patience = { tries: 100, totalMs: 300_000 }

const firstPauseMs = 200
const pauseMsMost = 5_000
const retryAfterSecondsMost = 86_400

export interface PauseAsk {
  /** The try that just failed, from 1. */
  readonly tried: number
  readonly elapsedMs: number
  readonly retryAfterSeconds?: number | undefined
  readonly chance: () => number
}

/** Milliseconds until the next try; undefined: give up. */
export function pauseBefore(patience: Patience, ask: PauseAsk): number | undefined {
  if (ask.tried >= patience.tries) return undefined
  const cap = Math.min(pauseMsMost, firstPauseMs * 2 ** (ask.tried - 1))
  const jittered = ask.chance() * cap
  // All who were told the same second would come back together: the jitter goes on top.
  const pauseMs = ask.retryAfterSeconds === undefined ? jittered : ask.retryAfterSeconds * 1_000 + jittered
  return ask.elapsedMs + pauseMs > patience.totalMs ? undefined : pauseMs
}

const lookPauseLeastMs = 250
/** Nobody learns of an end later than by so much of the time it took, and an hour takes few looks. */
const lookPauseShare = 0.25

export interface LookAsk {
  /** How long this one look took, and how long the hub was asked to hold its answer. */
  readonly lookMs: number
  readonly heldMs: number
  readonly waitedMs: number
  readonly mostMs: number
  readonly chance: () => number
}

/** The pause before the next look at a task. None where the hub held its answer; a hub in an account never does. */
export function lookPauseMs({ lookMs, heldMs, waitedMs, mostMs, chance }: LookAsk): number {
  if (lookMs >= Math.max(lookPauseLeastMs, heldMs / 2)) return 0
  // Many who began together shall not look together for ever.
  return Math.min(mostMs, Math.max(lookPauseLeastMs, waitedMs * lookPauseShare)) * (0.75 + chance() / 2)
}

/** `Retry-After` is a number of seconds or a date. */
export function readRetryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined
  const text = header.trim()
  const seconds = /^\d{1,9}$/.test(text) ? Number(text) : (Date.parse(text) - now) / 1_000
  return Number.isNaN(seconds) ? undefined : Math.min(Math.max(0, seconds), retryAfterSecondsMost)
}
