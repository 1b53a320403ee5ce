import type { Bell, Clock, Queue, QueueDepth, ReceivedBell } from '#core/ports'
import { HiddenBells } from './hidden-bells.ts'

/**
 * The queue of both local homes: bells in memory, at least once, hidden while held, as SQS does it. It keeps nothing on
 * disk: the embedded hub rings again from the heads when it opens, since a head and its bell are one commit there.
 */

export interface Entry {
  readonly bell: Bell
  readonly sentAt: number
  receipt: string
  receivedCount: number
  state: 'visible' | 'hidden' | 'gone'
  visibleAtMs: number
}

interface Waiter {
  readonly max: number
  readonly give: (entries: readonly Entry[]) => void
}

class WorkerQueue {
  visible: Entry[] = []
  first = 0
  shown = 0
  hidden = new HiddenBells()
  readonly waiters = new Set<Waiter>()
  wake: AbortController | undefined
  /** The alarm that is set, on the monotonic clock. */
  wakeAtMs = Number.POSITIVE_INFINITY
  isServeSet = false
}

export class BellQueue implements Queue {
  readonly #clock: Clock
  readonly #queues = new Map<string, WorkerQueue>()
  readonly #byReceipt = new Map<string, Entry>()
  #receipts = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Sending is part of a store's commit (protocol 8): only stores call this. */
  send(bells: readonly Bell[]): void {
    for (const bell of bells) {
      this.restore({ bell, sentAt: this.#clock.now(), receivedCount: 0, hiddenMs: bell.delayMs })
    }
  }

  /** Puts a bell in as it stood before a restart: hidden for so long, received so often. */
  restore(ask: {
    readonly bell: Bell
    readonly sentAt: number
    readonly receivedCount: number
    readonly hiddenMs: number
  }): void {
    const queue = this.#queue(ask.bell.worker)
    const { bell, sentAt, receivedCount } = ask
    const entry: Entry = { bell, sentAt, receipt: '', receivedCount, state: 'gone', visibleAtMs: 0 }
    if (ask.hiddenMs > 0) this.#hide(queue, entry, ask.hiddenMs)
    else this.#show(queue, entry)
    this.#serve(queue)
  }

  async receive(ask: Parameters<Queue['receive']>[0]): Promise<readonly ReceivedBell[]> {
    const queue = this.#queue(ask.worker)
    const entries = this.#take(queue, ask.max)
    if (entries.length > 0 || ask.waitMs <= 0 || ask.signal?.aborted === true)
      return this.#hold(queue, entries, ask.holdMs)
    return this.#await(queue, ask)
  }

  async extend(worker: string, receipt: string, holdMs: number): Promise<void> {
    const entry = this.#byReceipt.get(receipt)
    if (entry === undefined || entry.state !== 'hidden') return
    const queue = this.#queue(worker)
    queue.hidden.remove(entry)
    if (holdMs > 0) this.#hide(queue, entry, holdMs)
    else this.#show(queue, entry)
    this.#serve(queue)
  }

  async done(worker: string, receipt: string): Promise<void> {
    const entry = this.#byReceipt.get(receipt)
    if (entry === undefined) return
    const queue = this.#queue(worker)
    this.#byReceipt.delete(receipt)
    if (entry.state === 'hidden') queue.hidden.remove(entry)
    if (entry.state === 'visible') queue.shown--
    entry.state = 'gone'
  }

  async depth(worker: string): Promise<QueueDepth> {
    const queue = this.#queue(worker)
    this.#showDue(queue)
    return { visible: queue.shown, ...queue.hidden.count() }
  }

  /** All bells of a worker are gone, held ones too, as a person can do it in a console. For tests and the simulator. */
  purge(worker: string): void {
    for (const [receipt, entry] of this.#byReceipt) {
      if (entry.bell.worker !== worker) continue
      entry.state = 'gone'
      this.#byReceipt.delete(receipt)
    }
    const queue = this.#queue(worker)
    queue.visible = []
    queue.first = 0
    queue.shown = 0
    queue.hidden = new HiddenBells()
  }

  /** Every bell there is of a worker, hidden ones too, for checks of the whole. */
  *all(worker: string): Generator<Bell> {
    const queue = this.#queue(worker)
    for (const entry of queue.visible.slice(queue.first)) if (entry.state === 'visible') yield entry.bell
    for (const entry of queue.hidden.all()) yield entry.bell
  }

  #queue(worker: string): WorkerQueue {
    let queue = this.#queues.get(worker)
    if (queue === undefined) {
      queue = new WorkerQueue()
      this.#queues.set(worker, queue)
    }
    return queue
  }

  #show(queue: WorkerQueue, entry: Entry): void {
    entry.state = 'visible'
    queue.visible.push(entry)
    queue.shown++
  }

  #hide(queue: WorkerQueue, entry: Entry, hiddenMs: number): void {
    entry.state = 'hidden'
    entry.visibleAtMs = this.#clock.monotonicMs() + hiddenMs
    queue.hidden.add(entry)
  }

  #showDue(queue: WorkerQueue): void {
    for (const entry of queue.hidden.takeDue(this.#clock.monotonicMs())) this.#show(queue, entry)
  }

  #take(queue: WorkerQueue, max: number): Entry[] {
    this.#showDue(queue)
    const taken: Entry[] = []
    while (taken.length < max && queue.first < queue.visible.length) {
      const entry = queue.visible[queue.first++]
      if (entry?.state === 'visible') taken.push(entry)
    }
    if (queue.first > 1_000 && queue.first * 2 > queue.visible.length) {
      queue.visible.splice(0, queue.first)
      queue.first = 0
    }
    queue.shown -= taken.length
    return taken
  }

  #hold(queue: WorkerQueue, entries: readonly Entry[], holdMs: number): readonly ReceivedBell[] {
    return entries.map((entry) => {
      if (entry.receipt !== '') this.#byReceipt.delete(entry.receipt)
      entry.receipt = String(++this.#receipts)
      entry.receivedCount++
      this.#byReceipt.set(entry.receipt, entry)
      this.#hide(queue, entry, holdMs)
      const { bell, receipt, receivedCount, sentAt, visibleAtMs } = entry
      return { bell, receipt, receivedCount, sentAt, heldUntilMs: visibleAtMs }
    })
  }

  #await(queue: WorkerQueue, ask: Parameters<Queue['receive']>[0]): Promise<readonly ReceivedBell[]> {
    return new Promise((resolve) => {
      const over = new AbortController()
      const end = (entries: readonly Entry[]) => {
        queue.waiters.delete(waiter)
        // An alarm that nobody waits for would keep a process alive that has closed its hub.
        if (queue.waiters.size === 0) this.#endAlarm(queue)
        over.abort()
        ask.signal?.removeEventListener('abort', onAbort)
        // Held in the same step in which it leaves the visible ones: in between it would be nowhere.
        resolve(this.#hold(queue, entries, ask.holdMs))
      }
      const onAbort = () => end([])
      const waiter: Waiter = { max: ask.max, give: end }
      queue.waiters.add(waiter)
      ask.signal?.addEventListener('abort', onAbort)
      this.#clock.wait(ask.waitMs, over.signal).then(
        () => end([]),
        () => undefined,
      )
      this.#serve(queue)
    })
  }

  /** Once for all that this turn brings: a waiting receiver gets a burst of bells in one piece, not the first alone. */
  #serve(queue: WorkerQueue): void {
    if (queue.isServeSet || queue.waiters.size === 0) return
    queue.isServeSet = true
    queueMicrotask(() => {
      queue.isServeSet = false
      this.#serveNow(queue)
    })
  }

  /** Gives what is visible to who waits, longest first, and sets an alarm for the next bell that comes out of hiding. */
  #serveNow(queue: WorkerQueue): void {
    for (const waiter of queue.waiters) {
      const entries = this.#take(queue, waiter.max)
      if (entries.length === 0) break
      waiter.give(entries)
    }
    const next = queue.waiters.size === 0 ? undefined : queue.hidden.nextAtMs()
    if (next === queue.wakeAtMs) return
    this.#endAlarm(queue)
    if (next === undefined) return
    const wake = new AbortController()
    queue.wake = wake
    queue.wakeAtMs = next
    this.#clock.wait(Math.max(1, next - this.#clock.monotonicMs()), wake.signal).then(
      () => {
        queue.wakeAtMs = Number.POSITIVE_INFINITY
        this.#serveNow(queue)
      },
      () => undefined,
    )
  }

  #endAlarm(queue: WorkerQueue): void {
    queue.wake?.abort()
    queue.wake = undefined
    queue.wakeAtMs = Number.POSITIVE_INFINITY
  }
}
