import type { NewTask } from '#core/contract/new-task'
import { cancelTask, patchTask, retryTask } from '#core/tasks/change'
import { createTask } from '#core/tasks/create'
import { pauseWorker, resumeWorker } from '#core/workers/put-worker'
import type { World } from '#core/world'
import { runsOnCancel } from './flows/script.ts'
import type { Hub } from './hub.ts'
import { pause } from './network.ts'
import { createProcess, type Process } from './schedule.ts'
import { command, leaseSecondsMost, type Simulation, worker } from './simulation.ts'

/** A person's program: creates a task, perhaps twice with one key, and meddles with it afterwards. */

const answerWaitMs = 10_000
const createTriesMost = 6

export class Person {
  readonly process: Process
  readonly #simulation: Simulation
  /** How many of the tasks are workflows. */
  #flows = 0
  readonly #made: string[] = []

  constructor(simulation: Simulation, name: string) {
    this.#simulation = simulation
    this.process = createProcess(name)
  }

  async act(): Promise<void> {
    const { random } = this.#simulation
    this.#flows = random.pick([0, 0.3, 0.7])
    await this.#wait(random.pick([0, 100, 5_000, 60_000, 600_000]))
    const more = random.pick([0, 0, 1, 3])
    for (let count = 0; count < more && this.#simulation.isStormy; count++) {
      await this.#create()
      await this.#wait(random.pick([10, 3_000, 30_000]))
    }
    const id = await this.#create()
    if (id === undefined) return
    const acts = random.pick([0, 0, 1, 2, 4])
    for (let act = 0; act < acts && this.#simulation.isStormy; act++) {
      await this.#wait(random.pick([10, 1_000, 20_000, 90_000, 900_000, 4_000_000]))
      if (this.#simulation.isStormy) await this.#meddle(id)
    }
  }

  async #create(): Promise<string | undefined> {
    const simulation = this.#simulation
    const { random } = simulation
    const id = simulation.ids.next()
    const task = this.#newTask()
    if (task.dependsOn !== undefined) simulation.ledger.dependencies.set(id, task.dependsOn)
    const hasKey = random.is(0.6)
    const creation = {
      task,
      command: { worker, name: command, version: 1, runsOnCancel: runsOnCancel(task.arguments) },
      by: this.process.name,
      argumentsBytes: 10,
      ...(hasKey ? { requestHash: `hash of ${id}` } : {}),
    }
    for (let tries = 0; tries < createTriesMost; tries++) {
      const asking = () => this.#ask('create', (world) => createTask(world, { ...creation, id }))
      const twice = hasKey && random.is(0.3) ? [asking(), asking()] : [asking()]
      const [outcome] = (await Promise.all(twice)).filter((answer) => answer !== undefined)
      if (outcome?.kind === 'invalid') return undefined
      if (outcome?.kind === 'clash') simulation.fail(`the same request for ${id} was called a clash`)
      if (outcome !== undefined) {
        simulation.accepted.add(id)
        this.#made.push(id)
        return id
      }
      // Without a key another try would be another task.
      if (!hasKey) return undefined
      await this.#wait(2_000)
    }
    return undefined
  }

  #newTask(): NewTask {
    const { random } = this.#simulation
    const startAfter = random.pick([undefined, undefined, undefined, 3, 600, 2_000, 6_000])
    const notStartAfter = random.pick([undefined, undefined, undefined, 8_000, 100_000])
    const minSeconds = random.pick([0, 1, 30, 1_200])
    const retry = { maxRuns: random.int(1, 4), minSeconds, maxSeconds: 3_000, factor: 2, jitter: 'full' as const }
    const isFlow = random.is(this.#flows)
    const retentionSeconds = random.pick([undefined, undefined, 1_000])
    return {
      command,
      retry,
      ...(isFlow ? { arguments: { script: random.int(1, 1_000_000) } } : {}),
      ...(isFlow && retentionSeconds !== undefined ? { retentionSeconds } : {}),
      ...this.#dependencies(),
      leaseSeconds: random.pick([12, 30, leaseSecondsMost]),
      ...(startAfter === undefined ? {} : { startAfter: { seconds: startAfter } }),
      ...(notStartAfter === undefined ? {} : { notStartAfter: { seconds: notStartAfter } }),
      ...(random.is(0.3) ? { timeoutSeconds: 100 } : {}),
    }
  }

  /** On what was made before, of which some has ended and some may be gone. */
  #dependencies(): Pick<NewTask, 'dependsOn' | 'onDependencyFailure'> {
    const { random } = this.#simulation
    if (this.#made.length === 0 || !random.is(0.3)) return {}
    const dependsOn = this.#made.slice(-random.int(1, 3))
    return { dependsOn, onDependencyFailure: random.pick(['fail', 'continue']) }
  }

  async #meddle(taskId: string): Promise<void> {
    const { random } = this.#simulation
    const by = this.process.name
    const seconds = random.pick([0, 1, 300, 2_000])
    switch (random.pick(['cancel', 'retry', 'retry', 'start', 'window', 'words', 'pause'])) {
      case 'cancel':
        return void (await this.#ask('cancel', (world) => cancelTask(world, { taskId, by })))
      case 'retry':
        return void (await this.#ask('retry', (world) => retryTask(world, { taskId, by })))
      case 'start':
        return void (await this.#ask('patch start', (world) =>
          patchTask(world, { taskId, by, fields: { startAfter: world.clock.now() + seconds * 1_000 } }),
        ))
      case 'window': {
        const wide = random.pick([null, 60_000, 10_000_000])
        return void (await this.#ask('patch window', (world) =>
          patchTask(world, { taskId, by, fields: { notStartAfter: wide === null ? null : world.clock.now() + wide } }),
        ))
      }
      case 'words':
        return void (await this.#ask('patch words', (world) =>
          patchTask(world, { taskId, by, fields: { subject: 'x' } }),
        ))
      case 'pause': {
        await this.#ask('pause', (world) => pauseWorker(world, { worker, by }))
        await this.#wait(random.pick([1_000, 100_000, 3_000_000]))
        return void (await this.#ask('resume', (world) => resumeWorker(world, worker)))
      }
    }
  }

  /** One request to the hub: it may be down, crash in the middle, or answer too late. */
  async #ask<T>(what: string, request: (world: World) => Promise<T>): Promise<T | undefined> {
    const simulation = this.#simulation
    const hub: Hub | undefined = simulation.hub
    simulation.say(this.process, () => (hub === undefined ? `${what}: the hub is down` : what))
    if (hub === undefined) {
      await this.#wait(1_000)
      return undefined
    }
    const answer = request(hub.world).catch(() => undefined)
    const outcome = await Promise.race([answer, this.#wait(answerWaitMs)])
    return outcome ?? undefined
  }

  #wait(ms: number): Promise<void> {
    return pause(this.#simulation.network, this.process, ms)
  }
}
