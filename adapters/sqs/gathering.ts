import type { Clock } from '#core/ports'

/** All that SQS takes in one request. */
export const entriesMost = 10
/** SQS takes 1,048,576; what else it may count finds room in the rest. */
const requestBytesMost = 1_000_000
/** Requests of one kind under way at once to one queue; what comes meanwhile goes out in fuller ones. */
const requestsMost = 8
/** An entry that SQS failed by itself goes out again, so often and after so long. */
const triesMost = 3
const againMs = 100

/** Why SQS did not do what one entry of a request asked for. */
export interface EntryFailure {
  readonly code: string
  readonly message: string
  /** The entry itself is wrong: it would fail again. */
  readonly isOurs: boolean
}

export interface GatheringOptions<Entry> {
  readonly clock: Clock
  /** How long an entry may wait for others; 0: to the end of this turn of the event loop. */
  readonly lingerMs: number
  readonly bytesOf?: (entry: Entry) => number
  /** One request. Answers failures by the place of their entry; throws if all of it failed. */
  readonly send: (entries: readonly Entry[]) => Promise<ReadonlyMap<number, EntryFailure>>
}

interface Waiting<Entry> {
  readonly entry: Entry
  readonly tries: number
  readonly resolve: (failure: EntryFailure | undefined) => void
  readonly reject: (error: unknown) => void
}

/**
 * Gathers what goes to one queue into requests of up to ten: a request costs the same with one entry and with ten. Each
 * entry learns its own outcome.
 */
export class Gathering<Entry> {
  readonly #options: GatheringOptions<Entry>
  readonly #waiting: Waiting<Entry>[] = []
  readonly #unanswered = new Set<Promise<unknown>>()
  #lingerMs: number
  #requests = 0
  /** Whether the end of the linger, or of the turn, is being waited for. */
  #isSet = false
  /** Whether what waits has waited long enough, so that requests need not be full. */
  #isDue = false

  constructor(options: GatheringOptions<Entry>) {
    this.#options = options
    this.#lingerMs = options.lingerMs
  }

  /** Resolves with what went wrong with this entry alone; rejects if its whole request failed. */
  add(entry: Entry): Promise<EntryFailure | undefined> {
    const answered = new Promise<EntryFailure | undefined>((resolve, reject) => {
      this.#push({ entry, tries: 1, resolve, reject })
    })
    const settled = answered.then(
      () => undefined,
      () => undefined,
    )
    this.#unanswered.add(settled)
    void settled.then(() => this.#unanswered.delete(settled))
    return answered
  }

  /** Sends what waits without lingering any more, and resolves when all of it is answered. */
  async drain(): Promise<void> {
    this.#lingerMs = 0
    this.#ring()
    while (this.#unanswered.size > 0) await Promise.all(this.#unanswered)
  }

  #push(waiting: Waiting<Entry>): void {
    this.#waiting.push(waiting)
    if (this.#waiting.length >= entriesMost) return this.#pump()
    if (this.#isSet) return
    this.#isSet = true
    if (this.#lingerMs === 0) setImmediate(() => this.#ring())
    else void this.#options.clock.wait(this.#lingerMs).then(() => this.#ring())
  }

  #ring(): void {
    this.#isSet = false
    this.#isDue = true
    this.#pump()
  }

  #pump(): void {
    while (this.#requests < requestsMost && this.#waiting.length >= (this.#isDue ? 1 : entriesMost)) {
      void this.#request(this.#take())
    }
    if (this.#waiting.length === 0) this.#isDue = false
  }

  #take(): readonly Waiting<Entry>[] {
    const bytesOf = this.#options.bytesOf ?? (() => 0)
    let bytes = 0
    let count = 0
    for (const { entry } of this.#waiting.slice(0, entriesMost)) {
      bytes += bytesOf(entry)
      // One that is too long by itself goes alone, and SQS says so.
      if (count > 0 && bytes > requestBytesMost) break
      count++
    }
    return this.#waiting.splice(0, count)
  }

  async #request(taken: readonly Waiting<Entry>[]): Promise<void> {
    this.#requests++
    try {
      const failures = await this.#options.send(taken.map(({ entry }) => entry))
      for (const [index, waiting] of taken.entries()) this.#answer(waiting, failures.get(index))
    } catch (error) {
      for (const { reject } of taken) reject(error)
    }
    this.#requests--
    this.#pump()
  }

  #answer(waiting: Waiting<Entry>, failure: EntryFailure | undefined): void {
    if (failure === undefined || failure.isOurs || waiting.tries >= triesMost) return waiting.resolve(failure)
    const again = { ...waiting, tries: waiting.tries + 1 }
    void this.#options.clock.wait(againMs * waiting.tries).then(() => this.#push(again))
  }
}

export interface PerWorker<Entry> {
  readonly of: (worker: string) => Gathering<Entry>
  readonly all: () => readonly Gathering<Entry>[]
}

/** One for each worker, made when it is first needed. */
export function perWorker<Entry>(make: (worker: string) => Gathering<Entry>): PerWorker<Entry> {
  const made = new Map<string, Gathering<Entry>>()
  return {
    of: (worker) => {
      const gathering = made.get(worker) ?? make(worker)
      made.set(worker, gathering)
      return gathering
    },
    all: () => [...made.values()],
  }
}
