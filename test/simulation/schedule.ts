import type { Random } from './random.ts'

/**
 * Virtual time and the order of everything. Each step of an actor is an event with a moment; of the events of one
 * moment a random one goes first. Between two events all promises settle, so one seed is one schedule.
 */

/** Something that can crash or stall as a whole: the hub, an instance, a person's program. */
export interface Process {
  readonly name: string
  alive: boolean
  /** Until then it does nothing: a stalled machine. Its requests on the way arrive all the same. */
  stalledUntilMs: number
  /** How fast its monotonic clock runs. */
  rate: number
  /** Whether anything has ever kept it from its work: a crash, a stall, a slow clock, a cloud that did not answer. */
  isTroubled: boolean
  /** How wrong its wall clock is. */
  readonly skewMs: number
}

export function createProcess(name: string, how: { readonly skewMs?: number; readonly rate?: number } = {}): Process {
  const rate = how.rate ?? 1
  return { name, alive: true, stalledUntilMs: 0, rate, isTroubled: rate !== 1, skewMs: how.skewMs ?? 0 }
}

interface Entry {
  atMs: number
  tie: number
  /** Whose event it is; the cloud's own events have none and never stall. */
  readonly process: Process | undefined
  readonly run: () => void
}

export class Schedule {
  nowMs = 0
  steps = 0
  readonly #random: Random
  readonly #entries: Entry[] = []

  constructor(random: Random) {
    this.#random = random
  }

  at(delayMs: number, process: Process | undefined, run: () => void): void {
    this.#insert({ atMs: this.nowMs + Math.max(0, delayMs), tie: this.#random.next(), process, run })
  }

  /** Runs the next event and lets all promises settle. False: there is none. */
  async step(): Promise<boolean> {
    const entry = this.#entries.pop()
    if (entry === undefined) return false
    this.nowMs = Math.max(this.nowMs, entry.atMs)
    const { process } = entry
    if (process !== undefined && !process.alive) return true
    if (process !== undefined && process.stalledUntilMs > this.nowMs) {
      this.#insert({ ...entry, atMs: process.stalledUntilMs, tie: this.#random.next() })
      return true
    }
    this.steps++
    entry.run()
    await new Promise((settled) => setImmediate(settled))
    return true
  }

  /** Kept in reverse order, the next one last. */
  #insert(entry: Entry): void {
    let low = 0
    let high = this.#entries.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const other = this.#entries[middle]
      if (other !== undefined && (other.atMs > entry.atMs || (other.atMs === entry.atMs && other.tie > entry.tie))) {
        low = middle + 1
      } else high = middle
    }
    this.#entries.splice(low, 0, entry)
  }
}
