import type { Grant } from '#core/contract/worker-protocol'
import type { ReceivedBell } from '#core/ports'

/** A run that an instance holds, and the bell it came with until the first renewal. */
export interface HeldRun {
  readonly taskId: string
  readonly ticket: string | undefined
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
  }) {
    this.worker = of.worker
    this.instance = of.instance
    this.generation = of.generation
    this.concurrency = of.concurrency
    this.launch = of.launch
    this.pid = of.pid
    this.startedAt = of.startedAt
    this.freeSlots = of.concurrency
  }

  /** Whether it takes nothing but the task that is to have it alone. */
  isForOneAlone(): boolean {
    if (this.alone?.kind === 'running' && !this.runs.has(this.alone.run)) this.alone = undefined
    return this.alone !== undefined
  }

  /** Whether a task waits for this instance to be empty, and it is. */
  isReadyForDrawn(): boolean {
    return this.alone?.kind === 'drawn' && this.runs.size === 0
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

  hold(grant: Grant): void {
    this.runs.set(grant.run, { taskId: grant.task.id, ticket: grant.ticket })
  }
}
