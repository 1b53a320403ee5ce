import type { Arrival, Trace } from './trace.ts'

export interface Ideal {
  readonly launches: number
  /** From the first arrival to the last end. */
  readonly seconds: number
}

/**
 * What a scaler could do that knows everything and whose instances start at once: a task goes to a free slot, else to
 * a new instance while there are fewer than the most, else to the slot that is free first.
 */
export function idealOf(trace: Trace, arrivals: readonly Arrival[]): Ideal {
  const instances: Slots[] = []
  let launches = 0
  let last = 0
  for (const [at, duration] of arrivals) {
    const living = instances.filter(
      (slots) => slots.busyUntil() + trace.idleSeconds + Math.min(trace.idleSeconds, lastReceiveSeconds) > at,
    )
    let taker = living.find((slots) => slots.freeAt() <= at)
    if (taker === undefined && living.length < trace.scaling.max) {
      taker = new Slots(trace.concurrency)
      instances.push(taker)
      launches++
    }
    taker ??= living.reduce((a, b) => (b.freeAt() < a.freeAt() ? b : a))
    last = Math.max(last, taker.take(at, duration))
  }
  return { launches: Math.max(launches, trace.scaling.min), seconds: last - (arrivals[0]?.[0] ?? 0) }
}

/** Before it leaves an instance asks once more. */
const lastReceiveSeconds = 20

class Slots {
  readonly #until: number[]

  constructor(count: number) {
    this.#until = Array.from({ length: count }, () => 0)
  }

  freeAt(): number {
    return Math.min(...this.#until)
  }

  busyUntil(): number {
    return Math.max(...this.#until)
  }

  take(at: number, duration: number): number {
    const free = this.freeAt()
    const end = Math.max(at, free) + duration
    this.#until[this.#until.indexOf(free)] = end
    return end
  }
}
