import type { Clock } from '#core/ports'

interface Timer {
  readonly atMs: number
  readonly order: number
  readonly fire: () => void
}

/**
 * A clock that stands still until it is told to advance. Timers fire in the order in which they are due, those of one
 * moment in the order in which they were set, and whatever one of them starts has settled before the next one fires.
 */
export class VirtualClock implements Clock {
  #wallMs: number
  #monoMs = 0
  #orders = 0
  readonly #timers = new Set<Timer>()

  constructor(startMs: number = Date.UTC(2026, 0, 15, 12)) {
    this.#wallMs = startMs
  }

  readonly now = (): number => this.#wallMs
  readonly monotonicMs = (): number => this.#monoMs

  readonly wait = (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const aborted = () => reject(new Error('the wait was aborted', { cause: signal?.reason }))
      if (signal?.aborted === true) return aborted()
      const timer: Timer = { atMs: this.#monoMs + Math.max(0, ms), order: this.#orders++, fire: () => end(resolve) }
      const onAbort = () => end(aborted)
      const end = (how: () => void) => {
        this.#timers.delete(timer)
        signal?.removeEventListener('abort', onAbort)
        how()
      }
      this.#timers.add(timer)
      signal?.addEventListener('abort', onAbort)
    })

  /** Lets so much time pass; everything that is due in it has happened when this resolves. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#monoMs + ms
    await settled()
    for (let next = this.#next(untilMs); next !== undefined; next = this.#next(untilMs)) {
      this.#pass(next.atMs - this.#monoMs)
      next.fire()
      await settled()
    }
    this.#pass(untilMs - this.#monoMs)
    await settled()
  }

  /** The machine sleeps: its wall clock goes on, its monotonic clock and its timers do not. */
  sleep(ms: number): void {
    this.#wallMs += ms
  }

  /** Two advances at once may overlap: then time has already passed, and never goes back. */
  #pass(ms: number): void {
    this.#monoMs += Math.max(0, ms)
    this.#wallMs += Math.max(0, ms)
  }

  #next(untilMs: number): Timer | undefined {
    let next: Timer | undefined
    for (const timer of this.#timers) {
      if (timer.atMs > untilMs) continue
      const isSooner = next === undefined || timer.atMs < next.atMs
      if (isSooner || (timer.atMs === next?.atMs && timer.order < next.order)) next = timer
    }
    return next
  }
}

/** All promises that can settle without time passing have settled. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
