import { isTerminal } from '#core/contract/task'
import { type Signal, writeSignal } from '#core/flow/signals'
import { wakeTask } from '#core/flow/wake'
import type { Head } from '#core/head'
import { headKey, signalPrefix } from '#core/keys'
import { cancelTask, retryTask } from '#core/tasks/change'
import type { World } from '#core/world'
import { pause } from '../network.ts'
import { createProcess, type Process } from '../schedule.ts'
import type { Simulation } from '../simulation.ts'
import { scriptOf, signalNames } from './script.ts'

/** Whoever sends signals to workflows, and cancels and retries what he finds under them. In calm weather he sends what is waited for. */

const answerWaitMs = 10_000
const calmEveryMs = 120_000

export class Sender {
  readonly process: Process
  readonly #simulation: Simulation
  #signals = 0

  constructor(simulation: Simulation, name: string) {
    this.#simulation = simulation
    this.process = createProcess(name)
  }

  async act(): Promise<void> {
    const { random } = this.#simulation
    while (this.#simulation.isStormy) {
      await this.#wait(random.pick([100, 5_000, 30_000, 200_000]))
      if (this.#simulation.isStormy) await this.#meddle()
    }
    for (;;) {
      await this.#wait(calmEveryMs)
      for (const [head, name] of this.#waitedFor()) await this.#send(head.id, name)
    }
  }

  async #meddle(): Promise<void> {
    const { random } = this.#simulation
    const flows = [...this.#simulation.heads()].filter(
      (head) => scriptOf(head) !== undefined || head.flow !== undefined,
    )
    const [first, ...others] = flows
    if (first === undefined) return
    const { id: taskId } = random.pick([first, ...others])
    const by = this.process.name
    switch (random.pick(['signal', 'signal', 'signal', 'cancel', 'retry', 'retry'])) {
      case 'cancel':
        return void (await this.#ask('cancel', taskId, (world) => cancelTask(world, { taskId, by })))
      case 'retry':
        return void (await this.#ask('retry', taskId, (world) => retryTask(world, { taskId, by })))
      default:
        return this.#send(taskId, random.pick(signalNames))
    }
  }

  /** Signals that a task waits for without a time limit, and that nobody has sent yet. */
  #waitedFor(): readonly (readonly [Head, string])[] {
    const { ledger } = this.#simulation
    const suspended = [...this.#simulation.heads()].filter(({ status }) => status === 'suspended')
    return suspended.flatMap((head) =>
      ledger.waitsOf(head.id).flatMap((wait) => {
        const isForEver = wait.kind === 'signal' && wait.until === undefined
        return isForEver && !this.#isSent(head, wait.name) ? [[head, wait.name] as const] : []
      }),
    )
  }

  #isSent({ id, born }: Head, name: string): boolean {
    const prefix = `${signalPrefix(born)}${name}#`
    const { items } = this.#simulation.cloud.table.list({ pk: headKey(id).pk, prefix, limit: 1_000 })
    return items.some(({ data }) => (data as Signal).consumedBy === undefined)
  }

  /** With an id of its own, so that the same one sent twice is one. */
  async #send(taskId: string, name: string): Promise<void> {
    const { random } = this.#simulation
    const id = `${this.process.name}.${++this.#signals}`
    const by = this.process.name
    const sending = () =>
      this.#ask(`signal ${name} ${id}`, taskId, async (world) => {
        const outcome = await writeSignal(world, { taskId, name, id, by, data: { signal: id } })
        if (outcome.kind === 'ended' && !isTerminal(outcome.head.status))
          this.#simulation.fail('an open task has ended')
        // Whoever took it may die before the wake: then the reactor does it.
        const wakes = random.is(0.7) && (outcome.kind === 'sent' || outcome.kind === 'existing')
        if (wakes) await wakeTask(world, taskId)
      })
    await sending()
    if (random.is(0.3)) await Promise.all([sending(), sending()])
  }

  async #ask<T>(what: string, taskId: string, request: (world: World) => Promise<T>): Promise<void> {
    const simulation = this.#simulation
    const { hub } = simulation
    simulation.say(this.process, () => `${what} ${taskId.slice(-4)}${hub === undefined ? ': the hub is down' : ''}`)
    if (hub === undefined) return
    const answer = request(hub.world).catch(() => undefined)
    await Promise.race([answer, this.#wait(answerWaitMs)])
  }

  #wait(ms: number): Promise<void> {
    return pause(this.#simulation.network, this.process, ms)
  }
}
