import type { Replay } from '#core/flow/replay'
import type { Head } from '#core/head'
import { ownerAbortMs, renewEveryMs } from '#core/lease'
import type { ReceivedBell } from '#core/ports'
import { endRun, type RunEnd } from '#core/tasks/end-run'
import type { MoveOutcome } from '#core/tasks/move'
import { renewRun } from '#core/tasks/renew'
import { scriptOf } from './flows/script.ts'
import { Workflow } from './flows/workflow.ts'
import type { Instance } from './instance.ts'
import { worker } from './simulation.ts'

/** One run as its owner sees it: works, renews, ends; one writer of its head; stops by its own clock (protocol 12–16). */

export interface Owned {
  readonly received: ReceivedBell
  readonly head: Head
  readonly run: string
  /** When the claim was sent, on the instance's monotonic clock: from there the lease counts. */
  readonly sentMs: number
  readonly replay: Replay
}

const endTriesMost = 5
const freshLeftMs = 5_000

export class Owner {
  readonly taskId: string
  readonly run: string
  readonly instance: Instance
  readonly replay: Replay
  readonly #received: ReceivedBell
  #head: Head
  #ownedSinceMs: number
  #holdsBell = true
  #heldUntilMs: number
  #renewals = 0
  readonly #heedsCancel: boolean

  constructor(instance: Instance, owned: Owned) {
    this.instance = instance
    this.#received = owned.received
    this.#head = owned.head
    this.#ownedSinceMs = owned.sentMs
    this.#heldUntilMs = owned.received.heldUntilMs
    this.taskId = owned.head.id
    this.run = owned.run
    this.replay = owned.replay
    this.#heedsCancel = instance.simulation.random.is(0.7)
  }

  get head(): Head {
    return this.#head
  }

  /** Whether it takes itself for the owner, by its own clock. */
  believes(): boolean {
    return this.instance.world.clock.monotonicMs() - this.#ownedSinceMs < ownerAbortMs(this.#head.leaseSeconds)
  }

  async carryOut(): Promise<void> {
    const { session, simulation, owners } = this.instance
    owners.add(this)
    this.#noteInSession()
    try {
      const { random } = simulation
      const script = scriptOf(this.#head)
      if (script !== undefined) return await new Workflow(this, script).carryOut()
      const everyMs = renewEveryMs(this.#head.leaseSeconds)
      const state = await this.work(random.pick([10, 500, 5_000, everyMs, 2 * everyMs, 4 * everyMs, 12 * everyMs]))
      if (state === 'go-on') await this.end(this.#ending())
      if (state === 'cancel') await this.end({ kind: 'stop' })
    } finally {
      session.runs.delete(this.run)
      owners.delete(this)
    }
  }

  /** Does something for so long, and renews beside it. */
  async work(ms: number): Promise<'go-on' | 'lost' | 'cancel'> {
    const { random, network } = this.instance.simulation
    const everyMs = renewEveryMs(this.#head.leaseSeconds)
    for (let leftMs = ms; ; ) {
      const sliceMs = Math.min(leftMs, everyMs)
      await this.instance.world.clock.wait(sliceMs)
      leftMs -= sliceMs
      if (!this.believes()) this.instance.process.isTroubled = true
      if (!this.believes() && !random.is(network.faults.zombieWrites)) return 'lost'
      if (leftMs <= 0) return 'go-on'
      if (!(await this.#renew())) return 'lost'
      if (this.#head.cancel !== undefined && this.#heedsCancel) return 'cancel'
    }
  }

  /** A message may take as long as work does. False: it is not the owner any more. */
  async renewIfLate(): Promise<boolean> {
    const { clock } = this.instance.world
    const isLate = clock.monotonicMs() - this.#ownedSinceMs > renewEveryMs(this.#head.leaseSeconds)
    return !isLate || this.#renew()
  }

  /** What the calls of workflows know of this run. */
  #noteInSession(): void {
    const ticket = this.#holdsBell ? this.#received.receipt : undefined
    this.instance.session.runs.set(this.run, { taskId: this.taskId, ticket, head: this.#head })
  }

  /** False: it is not the owner any more. */
  async #renew(): Promise<boolean> {
    const { world, simulation } = this.instance
    const sentMs = world.clock.monotonicMs()
    const isFirst = this.#renewals === 0
    if (isFirst && simulation.mutations.ackBeforeRenewal === true) await this.dropBell()
    const nonce = String(++this.#renewals)
    let outcome: MoveOutcome
    try {
      const progress = { percent: Math.min(99, this.#renewals) }
      outcome = await renewRun(world, { taskId: this.taskId, run: this.run, nonce, progress, known: this.#head })
    } catch {
      return true
    }
    if (outcome.kind === 'moved') {
      this.#head = outcome.head
      this.#ownedSinceMs = sentMs
      if (this.#holdsBell) await this.dropBell()
      this.#noteInSession()
      return true
    }
    if (outcome.kind === 'refused' && simulation.mutations.lostRunRenews === true)
      await simulation.force(this.run, outcome.head)
    return false
  }

  #ending(): RunEnd {
    const { random } = this.instance.simulation
    const output = random.is(0.3) ? { run: this.run, filler: 'x'.repeat(700) } : { run: this.run }
    const error = { code: 'broken', message: 'it broke', retryable: random.is(0.8) }
    return random.pick<RunEnd>([
      { kind: 'succeed', result: { output } },
      { kind: 'succeed', result: { output } },
      { kind: 'fail', error },
      { kind: 'fail', error: { ...error, message: `${this.run} ${'y'.repeat(random.pick([1, 700]))}` } },
      { kind: 'hand-back', reason: 'the instance is leaving' },
      { kind: 'give-up' },
    ])
  }

  async end(end: RunEnd): Promise<void> {
    const { world, simulation } = this.instance
    for (let tries = 0; tries < endTriesMost; tries++) {
      try {
        const outcome = await endRun(world, { taskId: this.taskId, run: this.run, end, known: this.#head })
        simulation.note(`end:${end.kind}:${outcome.kind}`)
        return await this.#afterEnd(outcome)
      } catch {
        if (!this.believes()) return
      }
    }
  }

  /** A kept bell is hidden for the backoff; a spare one is deleted; a lost run leaves everything alone. */
  async #afterEnd(outcome: MoveOutcome): Promise<void> {
    const { world } = this.instance
    if (outcome.kind !== 'moved' || !this.#holdsBell || !this.#hasHold()) return
    if (outcome.holdMs === undefined) return this.dropBell()
    await world.queue.extend(worker, this.#received.receipt, outcome.holdMs)
  }

  async dropBell(): Promise<void> {
    if (!this.#hasHold()) return
    this.#holdsBell = false
    try {
      await this.instance.world.queue.done(worker, this.#received.receipt)
    } catch {
      // It comes back and finds a head that does not need it.
    }
  }

  #hasHold(): boolean {
    return this.#heldUntilMs - this.instance.world.clock.monotonicMs() >= freshLeftMs
  }
}
