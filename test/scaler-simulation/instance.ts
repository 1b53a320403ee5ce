import { ApiError } from '#core/contract/errors'
import { limits } from '#core/contract/limits'
import { workerProtocol } from '#core/contract/worker-protocol'
import { renewEveryMs } from '#core/lease'
import type { World } from '#core/world'
import { createWorkerCalls, type WorkerCalls } from '#functions/worker-protocol/worker-calls'
import type { CallAsk } from '#worker-runtime/agent/calls'
import type { GrantHead } from '#worker-runtime/agent/held-runs'
import { createReceives, type Received } from '#worker-runtime/agent/receives'
import { createProcess, type Process } from '../simulation/schedule.ts'
import type { Container, Ending } from './fargate.ts'
import { worker } from './region.ts'
import type { Site } from './site.ts'

/**
 * One container of the worker. It serves itself the worker protocol, as a container of a hub in an account does, and
 * asks for work with the agent's own code; its handlers are time that passes. It leaves as the agent does.
 */
export class Instance {
  readonly process: Process
  readonly container: Container
  readonly runs = new Map<string, GrantHead>()
  readonly #site: Site
  readonly #calls: WorkerCalls
  readonly #receives
  #phase: 'live' | 'asking' | 'asked-last' | 'ending' | 'gone' = 'live'
  #isRegistered = false
  #idleSeconds = 0
  #idleSinceMs = 0
  #busySlots = 0
  #nonces = 0
  #ending: Ending = { exitCode: 0 }

  constructor(site: Site, container: Container) {
    this.#site = site
    this.container = container
    this.process = createProcess(`i-${container.launch}`.slice(0, limits.instanceIdChars))
    const world: World = site.region.worldOf(this.process, 'instance')
    this.#calls = createWorkerCalls(world, () => Promise.reject(new Error('no instance registers a worker here')))
    this.#receives = createReceives({
      calls: {
        send: (ask) => site.go(this.#send(ask)),
        sendFirst: () => undefined,
        onLine: () => undefined,
        onDown: () => undefined,
        overdue: () => undefined,
        underWay: () => 0,
      },
      concurrency: site.trace.concurrency,
      slotsInUse: () => this.#busySlots,
      onReceived: (received) => this.#onReceived(received),
      onProblem: ({ message }) => site.fail(`a receive was refused: ${message}`),
    })
  }

  async start(): Promise<void> {
    const { launch, generation } = this.container
    const { concurrency } = this.#site.trace
    const answer = await this.#call('register', { launch, generation, concurrency, runs: [] })
    this.#isRegistered = true
    this.#idleSeconds = (answer as { readonly idleSeconds: number }).idleSeconds
    this.#afterMove()
    this.#lookWhenIdle()
  }

  /** Spot takes the machine back. With its notice what runs is handed back in time. */
  async reclaim(how: 'noticed' | 'unnoticed'): Promise<void> {
    this.#ending = { stopCode: 'SpotInterruption' }
    if (how === 'unnoticed') return this.#exit()
    this.#begin()
    await this.#handBack([...this.runs.values()], 'shutdown')
    this.#look()
  }

  async #call(op: keyof typeof workerProtocol, fields: object): Promise<unknown> {
    const body = { worker, instance: this.process.name, nonce: `${this.#nonces++}`, ...fields }
    return this.#calls.call(op, workerProtocol[op].request.parse(body), 'the worker')
  }

  async #send({ op, fields, onAnswer, onProblem }: CallAsk): Promise<void> {
    try {
      const answer = await this.#call(op, JSON.parse(`{${fields}}`) as object)
      onAnswer({ answer, brief: undefined, line: '', sentAtMs: 0 })
    } catch (error) {
      onProblem({ code: 'internal', message: String(error) })
    }
  }

  #onReceived({ grants, drain }: Received): void {
    if (this.#phase === 'ending') this.#site.go(this.#handBack(grants, 'drained'))
    else for (const grant of grants) this.#carryOut(grant)
    if (drain) this.#begin()
    this.#afterMove()
  }

  #carryOut(grant: GrantHead): void {
    const { schedule } = this.#site
    this.#phase = 'live'
    this.runs.set(grant.run, grant)
    this.#busySlots++
    schedule.at(this.#site.durationMsOf(grant.task.id), this.process, () => this.#site.go(this.#end(grant)))
    schedule.at(renewEveryMs(grant.leaseSeconds), this.process, () => this.#site.go(this.#renew(grant, grant.ticket)))
  }

  async #renew(grant: GrantHead, ticket: string | undefined): Promise<void> {
    if (!this.runs.has(grant.run)) return
    await this.#call('renew', { runs: [{ taskId: grant.task.id, run: grant.run, ticket }] })
    const { schedule } = this.#site
    schedule.at(renewEveryMs(grant.leaseSeconds), this.process, () => this.#site.go(this.#renew(grant, undefined)))
  }

  async #end({ run, ticket, task }: GrantHead): Promise<void> {
    if (!this.runs.has(run)) return
    this.#busySlots--
    const ended = this.#call('complete', { ends: [{ kind: 'succeed', run, ticket, taskId: task.id }] })
    if (this.#phase === 'live') this.#receives.fill()
    await ended
    this.runs.delete(run)
    this.#afterMove()
    this.#lookWhenIdle()
  }

  async #handBack(grants: readonly GrantHead[], reason: string): Promise<void> {
    if (grants.length === 0) return
    const runs = grants.map(({ run, ticket, task }) => ({ run, ticket, taskId: task.id }))
    for (const { run } of runs) this.runs.delete(run)
    await this.#call('release', { reason, runs })
  }

  #begin(): void {
    if (this.#phase === 'ending' || this.#phase === 'gone') return
    const isTold = this.#phase !== 'live'
    this.#phase = 'ending'
    this.container.state = 'draining'
    if (!isTold) this.#site.go(this.#call('leave', { phase: 'leaving' }).then(() => this.#look()))
  }

  #afterMove(): void {
    if (this.#phase === 'live') this.#receives.fill()
    this.#look()
  }

  #lookWhenIdle(): void {
    if (this.runs.size > 0) return
    const { schedule } = this.#site
    this.#idleSinceMs = schedule.nowMs
    schedule.at(this.#idleSeconds * 1_000, this.process, () => this.#look())
  }

  #look(): void {
    if (this.runs.size > 0) return
    const idleMs = this.#site.schedule.nowMs - this.#idleSinceMs
    if (this.#phase === 'live' && this.#isRegistered && idleMs >= this.#idleSeconds * 1_000)
      this.#site.go(this.#askLast())
    if (this.#phase === 'asked-last' && this.#receives.open() === 0) this.#site.go(this.#leave())
    if (this.#phase === 'ending' && this.#receives.open() === 0) this.#site.go(this.#leave())
  }

  async #askLast(): Promise<void> {
    this.#phase = 'asking'
    try {
      await this.#call('leave', { phase: 'leaving', idle: true })
      if (this.#phase !== 'asking') return
      this.#phase = 'asked-last'
      this.#receives.last(Math.min(limits.receiveWaitSeconds, Math.max(1, this.#idleSeconds)))
    } catch (error) {
      // The worker keeps its least number of instances, or a grant is on its way.
      if (!(error instanceof ApiError) || error.code !== 'conflict') throw error
      this.#phase = 'live'
      this.#afterMove()
      this.#lookWhenIdle()
    }
  }

  async #leave(): Promise<void> {
    this.#phase = 'gone'
    this.container.state = 'draining'
    await this.#call('leave', { phase: 'gone' })
    if (this.runs.size > 0) this.#site.fail(`${this.process.name} left with ${this.runs.size} runs`)
    this.#exit()
  }

  #exit(): void {
    this.#phase = 'gone'
    this.process.alive = false
    for (const session of this.#calls.sessions()) session.endReceives()
    this.#site.ended(this.container, this.#ending)
  }
}
