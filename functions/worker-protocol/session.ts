import type { Grant } from '#core/contract/worker-protocol'
import type { Head } from '#core/head'
import type { ReceivedBell } from '#core/ports'

/** A run that an instance holds, and the bell it came with until the first renewal. */
export interface HeldRun {
  readonly taskId: string
  readonly ticket: string | undefined
  /** As it was last written here, so that the next move need not read it. Absent: it was written elsewhere. */
  readonly head?: Head | undefined
}

/** A task that has to have the instance alone (protocol 18): its bell is kept until the instance is empty, then claimed. */
export type Alone =
  | { readonly kind: 'drawn'; readonly bell: ReceivedBell }
  | { readonly kind: 'claiming' }
  | { readonly kind: 'running'; readonly run: string }

/** More than an instance has calls under way; each answer may hold hundreds of tasks. */
const answersKept = 16

/**
 * What the hub remembers of one instance between its calls. All of it can be lost: heads say who owns what, and an
 * instance that registers again tells what it holds.
 */
export class Session {
  readonly worker: string
  readonly instance: string
  readonly generation: string
  readonly concurrency: number
  readonly launch: string | undefined
  readonly pid: number | undefined
  readonly startedAt: number
  /** Other processes serve the same instance, so `runs` need not be all that it holds. */
  readonly isShared: boolean
  readonly runs = new Map<string, HeldRun>()
  /** An open receive counts as one of these: all are ended when the instance goes. */
  readonly receives = new Set<AbortController>()
  /** Another registration took its place, or its instance is gone: what it still claims goes back at once. */
  isOver = false
  freeSlots: number
  phase: 'live' | 'leaving' = 'live'
  alone: Alone | undefined
  toldAtMs = Number.NEGATIVE_INFINITY
  toldFree = -1
  /** On the monotonic clock. */
  calledAtMs = Number.NEGATIVE_INFINITY
  readonly #answers = new Map<string, Promise<unknown>>()

  constructor(of: {
    worker: string
    instance: string
    generation: string
    concurrency: number
    launch: string | undefined
    pid: number | undefined
    startedAt: number
    isShared: boolean
  }) {
    this.worker = of.worker
    this.instance = of.instance
    this.generation = of.generation
    this.concurrency = of.concurrency
    this.launch = of.launch
    this.pid = of.pid
    this.startedAt = of.startedAt
    this.isShared = of.isShared
    this.freeSlots = of.concurrency
  }

  /** Whether it takes nothing but the task that is to have it alone. */
  isForOneAlone(): boolean {
    if (this.alone?.kind === 'running' && !this.runs.has(this.alone.run)) this.alone = undefined
    return this.alone !== undefined
  }

  /** Whether a task waits for this instance to be empty, and it is. */
  isReadyForDrawn(): boolean {
    return this.alone?.kind === 'drawn' && this.isEmpty()
  }

  /** Other processes grant and end runs of a shared instance, so there its own word counts. */
  isEmpty(): boolean {
    return this.isShared ? this.freeSlots >= this.concurrency : this.runs.size === 0
  }

  /** Granted, and the instance has not renewed it: where it says that it is idle, it does not know of it yet. */
  hasGrantOnItsWay(): boolean {
    // Which of a shared instance's runs have ended by way of another process is not known here.
    if (this.isShared) return false
    for (const { ticket } of this.runs.values()) if (ticket !== undefined) return true
    return false
  }

  /** What it said last, less what it may not have known of then: receives cross, and so do grants. */
  freeNow(): number {
    return this.isShared ? this.freeSlots : Math.max(0, Math.min(this.freeSlots, this.concurrency - this.runs.size))
  }

  tellFree(slots: number): void {
    this.freeSlots = slots
    if (this.isShared && this.isEmpty()) this.runs.clear()
  }

  end(): void {
    this.isOver = true
    this.endReceives()
  }

  endReceives(): void {
    for (const open of this.receives) open.abort()
  }

  /** A call repeated with its nonce gets the answer of the first one (protocol 4). */
  once<Answer>(nonce: string, call: () => Promise<Answer>): Promise<Answer> {
    const known = this.#answers.get(nonce)
    if (known !== undefined) return known as Promise<Answer>
    const answer = call()
    this.#answers.set(nonce, answer)
    answer.catch(() => this.#answers.delete(nonce))
    if (this.#answers.size > answersKept) {
      const oldest = this.#answers.keys().next().value
      if (oldest !== undefined) this.#answers.delete(oldest)
    }
    return answer
  }

  hold(grant: Grant, head: Head): void {
    this.runs.set(grant.run, { taskId: head.id, ticket: grant.ticket, head })
  }
}
