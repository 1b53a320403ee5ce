import { BellQueue } from '#adapters/memory/bell-queue'
import { MemoryTable } from '#adapters/memory/table'
import type { Bell, Clock, Commit, CommitOutcome, Item, Key, Queue, QueueDepth, Store, Write } from '#core/ports'
import { call, type Network, pause } from './network.ts'
import type { Mutations } from './planted.ts'
import type { Process } from './schedule.ts'

/**
 * Store and queue as AWS has them: bells go out one by one, then the side items, then the head, and the writer may die
 * between any two. The due index and the queue's depth may be old; bells come late and twice.
 */
export class Cloud {
  readonly table = new MemoryTable()
  readonly queue: BellQueue
  readonly network: Network
  /** What a sleep of the machine has added to all wall clocks. */
  wallOffsetMs = 0
  readonly #mutations: Mutations
  #seenDue: readonly (Key & { readonly due: number })[] = []
  #pollers: (() => void)[] = []
  readonly #seenDepth = new Map<string, QueueDepth>()

  constructor(network: Network, mutations: Mutations) {
    this.network = network
    this.#mutations = mutations
    const { schedule } = network
    this.queue = new BellQueue({
      now: () => this.nowMs(),
      monotonicMs: () => schedule.nowMs,
      wait: () => Promise.reject(new Error('nobody polls the cloud itself')),
    })
  }

  nowMs(): number {
    return epochMs + this.network.schedule.nowMs + this.wallOffsetMs
  }

  clockOf(process: Process): Clock {
    const { schedule } = this.network
    return {
      now: () => this.nowMs() + process.skewMs,
      monotonicMs: () => schedule.nowMs * process.rate,
      wait: (ms) => pause(this.network, process, ms / process.rate),
    }
  }

  storeOf(process: Process): Store {
    const ask = <T>(label: string, effect: () => T) => call(this.network, process, label, effect)
    const store: Store = {
      inlineBytes: 1_000,
      get: (key) => ask(`get ${key.pk} ${key.sk}`, () => this.table.get(key)),
      list: (range) => ask(`list ${range.pk}`, () => this.table.list(range)),
      due: ({ until, limit }) => ask('due', () => this.#due(until, limit)),
      commit: (commit) => this.#commit(process, commit),
      addToSet: (key, members) =>
        ask(`add ${members.join()} to ${key.pk} ${key.sk}`, () => this.table.addToSet(key, members)),
    }
    return this.#mutations.store?.(store) ?? store
  }

  queueOf(process: Process): Queue {
    const ask = <T>(label: string, effect: () => Promise<T>) => call(this.network, process, label, effect)
    return {
      receive: async (want) => {
        const sentMs = this.network.schedule.nowMs * process.rate
        const bells = await ask('receive', () => {
          return this.queue.receive({ ...want, waitMs: 0 })
        })
        if (bells.length > 0) this.#showsIn(want.holdMs)
        return bells.map((bell) => ({ ...bell, heldUntilMs: sentMs + want.holdMs }))
      },
      extend: (worker, receipt, holdMs) =>
        ask(`hide bell ${receipt} for ${holdMs} ms`, () => {
          this.#showsIn(holdMs)
          return this.queue.extend(worker, receipt, holdMs)
        }),
      done: (worker, receipt) => ask(`delete bell ${receipt}`, () => this.queue.done(worker, receipt)),
      depth: (worker) => ask('depth', () => this.#depth(worker)),
    }
  }

  /** What ends a long poll: resolves as soon as a bell may have come out of hiding. */
  bellShows(process: Process): Promise<void> {
    const { schedule, random } = this.network
    return new Promise((resolve) => this.#pollers.push(() => schedule.at(random.pick([0, 5, 500]), process, resolve)))
  }

  #showsIn(ms: number): void {
    this.network.schedule.at(ms + 1, undefined, () => {
      const pollers = this.#pollers
      this.#pollers = []
      for (const wake of pollers) wake()
    })
  }

  async #commit(process: Process, commit: Commit): Promise<CommitOutcome> {
    if (this.#mutations.headBeforeBell === true) {
      const outcome = await this.#write(process, commit.write)
      if (outcome.kind === 'written') await this.#ring(process, commit.bells ?? [])
      return outcome
    }
    let rungMs = this.#mono(process)
    const { wallOffsetMs } = this
    const bells = commit.bells ?? []
    await this.#ring(process, bells)
    for (const write of [...(commit.before ?? []), commit.write]) {
      // A bell lives 15 minutes ahead of its head: a writer that was held up rings again before it writes (8).
      // A machine that slept meanwhile is one whose bell and head are one commit.
      const isLate = this.#mono(process) - rungMs > 30_000 || this.wallOffsetMs !== wallOffsetMs
      if (bells.length > 0 && isLate) {
        rungMs = this.#mono(process)
        await this.#ring(process, bells)
      }
      const outcome = await this.#write(process, write)
      if (write === commit.write) return outcome
    }
    throw new Error('a commit has a write')
  }

  async #ring(process: Process, bells: readonly Bell[]): Promise<void> {
    for (const bell of bells) {
      const label = `ring ${bell.taskId.slice(-4)} v${bell.n} after ${bell.delayMs} ms`
      await call(this.network, process, label, () => this.#send(bell))
    }
    // A writer that is held up between bell and head, as a frozen function might be.
    const { random, faults } = this.network
    if (bells.length === 0 || !random.is(faults.slow)) return
    process.isTroubled = true
    await pause(this.network, process, random.pick([600, 5_000, 40_000]))
  }

  #send(bell: Bell): void {
    const { random, faults } = this.network
    const copies = random.is(faults.bellDoubled) ? 2 : 1
    for (let copy = 0; copy < copies; copy++) {
      const lateMs = random.is(faults.bellLate) ? random.pick([50, 2_000, 30_000]) : 0
      const sent = JSON.parse(JSON.stringify(bell)) as Bell
      this.#showsIn(bell.delayMs + lateMs)
      this.queue.restore({ bell: sent, sentAt: this.nowMs(), receivedCount: 0, hiddenMs: bell.delayMs + lateMs })
    }
  }

  #write(process: Process, write: Write): Promise<CommitOutcome> {
    const key = write.kind === 'put' ? write.item : write.key
    return call(this.network, process, `write ${key.pk.slice(-4)} ${key.sk}${describe(write)}`, () => {
      const outcome = this.table.write(this.#mutations.write?.(write) ?? write)
      return outcome.kind === 'conflict' ? (this.#mutations.conflict?.(outcome) ?? outcome) : outcome
    })
  }

  #due(until: number, limit: number): readonly (Key & { readonly due: number })[] {
    const { random, faults } = this.network
    const fresh = this.table.due(until, limit)
    const seen = random.is(faults.staleReads) ? this.#seenDue : fresh
    this.#seenDue = fresh
    return seen
  }

  async #depth(worker: string): Promise<QueueDepth> {
    const { random, faults } = this.network
    const fresh = await this.queue.depth(worker)
    const seen = random.is(faults.staleReads) ? (this.#seenDepth.get(worker) ?? fresh) : fresh
    this.#seenDepth.set(worker, fresh)
    return seen
  }

  #mono(process: Process): number {
    return this.network.schedule.nowMs * process.rate
  }
}

const epochMs = Date.UTC(2026, 0, 1)

function describe(write: Write): string {
  if (write.kind === 'delete') return ' deleted'
  const { n, data } = write.item as Item<{ readonly status?: string } | undefined>
  return data?.status === undefined ? ` v${n}` : ` v${n} ${data.status}`
}
