/** How far one `pass` may go: more than any delay or time limit that a task can have. */
const passSecondsMost = 20 * 366 * 86_400

/** Chosen once, so that a test that says nothing of time is the same on every day. */
const startDefault = '2026-01-15T12:00:00.000Z'

interface Timer {
  readonly atMs: number
  readonly fire: () => void
}

/**
 * The time of a test. It stands still until something lets it pass: the test, or a wait that the platform would make
 * (a start in the future, a backoff). Give it to what a handler waits with, and no test waits for real.
 *
 * @example
 * const time = new TestTime('2026-03-01T08:00:00Z')
 * const poll = createPoll({ wait: async (seconds) => time.pass(seconds) })
 * const run = await testCommand(poll, { job: 'j-1' }, { time })
 */
export class TestTime {
  #nowMs: number
  readonly #timers = new Set<Timer>()

  constructor(start: Date | string = startDefault) {
    this.#nowMs = start instanceof Date ? start.getTime() : Date.parse(start)
    if (Number.isNaN(this.#nowMs)) throw new TypeError(`TestTime starts at a Date or an ISO 8601 text, not ${start}`)
  }

  now(): Date {
    return new Date(this.#nowMs)
  }

  /** Lets so many seconds pass. What is due in them (time limits, ends of grace) has happened when this returns. */
  pass(seconds: number): void {
    if (!(seconds >= 0 && seconds <= passSecondsMost)) {
      throw new RangeError(`time passes by 0 to ${passSecondsMost} seconds, not by ${seconds}`)
    }
    const untilMs = this.#nowMs + seconds * 1_000
    for (let next = this.#next(untilMs); next !== undefined; next = this.#next(untilMs)) {
      this.#timers.delete(next)
      // What fires may let time pass itself: then it never goes back.
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      next.fire()
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs)
  }

  /** Has `fire` called once time comes to that moment; the answer takes it back. */
  at(moment: Date, fire: () => void): () => void {
    const timer = { atMs: moment.getTime(), fire }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  #next(untilMs: number): Timer | undefined {
    let next: Timer | undefined
    for (const timer of this.#timers) {
      if (timer.atMs <= untilMs && (next === undefined || timer.atMs < next.atMs)) next = timer
    }
    return next
  }
}
