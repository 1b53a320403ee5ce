import type { OpenWait, StepReport } from '#core/contract/steps'
import type { StepsAnswer, SuspendAnswer } from '#core/contract/worker-protocol'
import { remember } from '#core/flow/remembered'
import type { World } from '#core/world'
import { suspendRuns, tellSteps } from '#functions/worker-protocol/flow-calls'
import { Session } from '#functions/worker-protocol/session'
import { pause } from '../network.ts'
import type { Owner } from '../owner.ts'
import { worker } from '../simulation.ts'
import { createDoor } from './door.ts'

/**
 * How a run speaks of its steps: each message is repeated while no answer comes, and now and then it is carried out twice,
 * by a second process that remembers nothing of the instance.
 */

const triesMost = 4
const answerWaitMs = 10_000
const slowMs = 3_000

export class FlowSpeech {
  readonly #owner: Owner
  #messages = 0

  constructor(owner: Owner) {
    this.#owner = owner
  }

  async report(reports: readonly StepReport[]): Promise<StepsAnswer | undefined> {
    const { taskId, run } = this.#owner
    const nonce = `f${++this.#messages}`
    const isFailure = reports.some(({ kind }) => kind === 'failed')
    if (isFailure) this.#owner.instance.simulation.ledger.failsForGood(run)
    return this.#say(`tell ${reports.map(named).join(', ')}`, async (world, session) => {
      const body = { ...this.#named(), nonce, runs: [{ taskId, run, reports: [...reports] }] }
      const [answer] = await tellSteps({ world, checkSubTasks: createDoor(world) }, session, body, 'mill')
      return answer
    })
  }

  async suspend(waits: readonly OpenWait[]): Promise<SuspendAnswer | undefined> {
    const { taskId, run, instance } = this.#owner
    const { simulation } = instance
    const nonce = `f${++this.#messages}`
    if (simulation.mutations.ackBeforeSuspend === true) await this.#owner.dropBell()
    const ticket = instance.session.runs.get(run)?.ticket
    simulation.ledger.suspends(run, waits)
    return this.#say(`suspend on ${waits.map(({ id }) => id).join(', ')}`, async (world, session) => {
      const body = { ...this.#named(), nonce, runs: [{ taskId, run, ticket, waits: [...waits] }] }
      const parts = { world, checkSubTasks: createDoor(world) }
      const [answer] = await suspendRuns(parts, session, body)
      return answer
    })
  }

  /** A planted mistake: what was cut off by a lost lease is remembered as a failure, and no write of the head fences it. */
  async failsUnfenced(id: string): Promise<void> {
    const { instance, head, run } = this.#owner
    if (instance.simulation.mutations.failsUnfenced !== true) return
    instance.simulation.ledger.failsForGood(run)
    const error = { code: 'aborted', message: run, retryable: false }
    const [era, endedAt] = [head.flow?.era ?? 0, instance.world.clock.now()]
    await remember(instance.world, head, { id, kind: 'step', state: 'failed', era, error, endedAt })
  }

  async #say<Answer>(
    what: string,
    carryOut: (world: World, session: Session) => Promise<Answer>,
  ): Promise<Answer | undefined> {
    const { instance, taskId } = this.#owner
    const { simulation, process } = instance
    const { random, network } = simulation
    simulation.say(process, () => `${taskId.slice(-4)}: ${what}`)
    if (!(await this.#owner.renewIfLate())) return undefined
    let isAnswered = false
    // No renewal goes out beside a message here, so one that takes long may cost the lease.
    simulation.schedule.at(slowMs, undefined, () => {
      if (!isAnswered) process.isTroubled = true
    })
    const isTwice = random.is(network.faults.answerLost + network.faults.requestLate)
    const copy = isTwice ? this.#copy(carryOut) : undefined
    if (copy !== undefined && random.is(0.5)) {
      const answer = await Promise.race([copy, pause(network, process, answerWaitMs).then(() => undefined)])
      isAnswered = answer !== undefined
      if (answer !== undefined) return answer
    }
    for (let tries = 0; tries < triesMost; tries++) {
      try {
        const answer = await carryOut(instance.world, instance.session)
        isAnswered = true
        simulation.say(process, () => `${taskId.slice(-4)}: ${what} → ${JSON.stringify(answer)}`)
        return answer
      } catch (error) {
        simulation.say(process, () => `${taskId.slice(-4)}: ${what}: ${String(error)}`)
        if (!this.#owner.believes()) return undefined
      }
    }
    return undefined
  }

  /** The same message in another process of the hub: beside the first one, or long after it. */
  async #copy<Answer>(carryOut: (world: World, session: Session) => Promise<Answer>): Promise<Answer | undefined> {
    const { instance, taskId, run } = this.#owner
    const { simulation } = instance
    const known = simulation.random.is(0.5) ? instance.session.runs.get(run) : undefined
    await pause(simulation.network, instance.process, simulation.random.pick([0, 20, 1_000, 30_000]))
    const { hub } = simulation
    if (hub === undefined) return undefined
    const of = { generation: '', concurrency: 1, launch: undefined, pid: undefined, startedAt: 0 }
    const session = new Session({ ...of, ...this.#named(), isShared: true })
    if (known !== undefined) session.runs.set(run, { ...known, taskId })
    try {
      return await carryOut(hub.world, session)
    } catch {
      return undefined
    }
  }

  #named() {
    return { worker, instance: this.#owner.instance.process.name }
  }
}

function named(report: StepReport): string {
  if (report.kind === 'open') return `open ${report.wait.kind} ${report.wait.id}`
  return report.kind === 'call' || report.kind === 'create'
    ? `${report.kind} ${report.id} ${report.from}+${report.tasks.length}/${report.count}`
    : `${report.kind} ${report.id}`
}
