import { isTerminal } from '#core/contract/task'
import { headOf } from '#core/layout'
import type { Change } from '#core/ports'
import type { Fleet } from '#core/workers/fleet'

/** What is seen of tasks and fleet as they change: figures for the table, and what must never be. */

export interface WatchOptions {
  readonly nowMs: () => number
  /** Epoch. */
  readonly now: () => number
  readonly fail: (message: string) => void
  readonly generationOf: (instance: string) => string | undefined
}

/** A receive whose bell had come when the generation ended may be on its way. */
const onItsWayMs = 1_000
const decisionEveryMs = 1_000

export class Watch {
  open = 0
  created = 0
  firstAtMs: number | undefined
  lastEndMs = 0
  longestWaitMs = 0
  /** From a deploy beside what runs until its generation is current. */
  longestDeployMs = 0
  /** For how long the breaker was opened, each time. */
  readonly breakerMs: number[] = []
  readonly #options: WatchOptions
  readonly #readySinceMs = new Map<string, number>()
  #fleet: Fleet | undefined
  #currentSinceMs = 0
  #decidedAt = 0
  #deployedMs: number | undefined

  constructor(options: WatchOptions) {
    this.#options = options
  }

  submitted(): void {
    this.open++
    this.created++
    this.firstAtMs ??= this.#options.nowMs()
  }

  deployed(): void {
    this.#deployedMs = this.#options.nowMs()
  }

  head(change: Change): void {
    if (change.after === undefined) return
    const after = headOf(change.after)
    const before = change.before === undefined ? undefined : headOf(change.before)
    const now = this.#options.nowMs()
    if (after.status === 'queued' && before?.status !== 'queued') this.#readySinceMs.set(after.id, now)
    if (after.run !== undefined && after.run.id !== before?.run?.id) this.#taken(after.id, after.run.instance)
    if (!isTerminal(after.status) || (before !== undefined && isTerminal(before.status))) return
    this.open--
    this.lastEndMs = now
  }

  fleet(fleet: Fleet): void {
    const { nowMs, now, fail } = this.#options
    const before = this.#fleet
    this.#fleet = fleet
    if (fleet.current === fleet.wanted && this.#deployedMs !== undefined) {
      this.longestDeployMs = Math.max(this.longestDeployMs, nowMs() - this.#deployedMs)
      this.#deployedMs = undefined
    }
    if (fleet.current !== before?.current) this.#currentSinceMs = nowMs()
    const { lastDecisionAt: decidedAt = 0, breaker } = fleet
    const sinceMs = decidedAt - this.#decidedAt
    if (sinceMs > 0 && sinceMs < decisionEveryMs) fail(`two decisions within ${sinceMs} ms`)
    this.#decidedAt = Math.max(this.#decidedAt, decidedAt)
    const opened = breaker !== undefined && breaker.openUntil > (before?.breaker?.openUntil ?? 0)
    if (opened) this.breakerMs.push(breaker.openUntil - now())
  }

  #taken(taskId: string, instance: string): void {
    const { nowMs, fail, generationOf } = this.#options
    const sinceMs = this.#readySinceMs.get(taskId)
    this.#readySinceMs.delete(taskId)
    if (sinceMs !== undefined) this.longestWaitMs = Math.max(this.longestWaitMs, nowMs() - sinceMs)
    const current = this.#fleet?.current
    const overMs = nowMs() - this.#currentSinceMs
    if (current === undefined || generationOf(instance) === current || overMs <= onItsWayMs) return
    fail(`${instance} took a task ${overMs} ms after its generation was over`)
  }
}
