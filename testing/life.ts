import { createMemory } from '#adapters/memory/store'
import { createSystemIds } from '#adapters/system/ids'
import type { TaskFile } from '#core/contract/files'
import type { ManifestCommand } from '#core/contract/manifest'
import type { NewTask } from '#core/contract/new-task'
import { isTerminal, type Task } from '#core/contract/task'
import type { Event } from '#core/events'
import { type Head, readyAt } from '#core/head'
import { decide } from '#core/lifecycle'
import { createTask } from '#core/tasks/create'
import { toTask } from '#core/wire'
import type { TestTime } from './time.ts'

/**
 * The life of one task under test. Every move is decided by the hub's own `decide`; what is left out is the store, since
 * nobody else writes this task.
 */

/** An event without what every event of a test has in common. */
export type Told<E = Event> = E extends Event ? Omit<E, 'now' | 'writer' | 'chance' | 'seesSince'> : never

export interface LifeOptions {
  readonly task: NewTask
  readonly command: ManifestCommand
  readonly files: readonly TaskFile[]
  readonly time: TestTime
  readonly chance: () => number
}

export const testWorker = 'test'
const by = 'tester'

export class TaskLife {
  #head: Head
  readonly #time: TestTime
  readonly #chance: () => number
  readonly #files: readonly TaskFile[]

  private constructor(head: Head, { time, chance, files }: LifeOptions) {
    this.#head = head
    this.#files = files
    this.#time = time
    this.#chance = chance
  }

  /** Creates the task as the hub does, or says what it would refuse. */
  static async begin(options: LifeOptions): Promise<TaskLife> {
    const { task, command, time, chance } = options
    const clock = { now: () => time.now().getTime(), monotonicMs: () => time.now().getTime(), wait: async () => {} }
    const ids = createSystemIds()
    const nothing = () => {}
    const log = { info: nothing, warn: nothing, error: nothing }
    const { store, queue } = createMemory(clock, { inlineBytes: Number.POSITIVE_INFINITY })
    const world = { store, queue, clock, ids, chance, log, directoryShards: 1, seesSince: () => 0 }
    const id = ids.ofText('the task of a test')
    const created = await createTask(world, {
      task,
      command: { ...command, worker: testWorker },
      by,
      id,
      argumentsBytes: 0,
    })
    if (created.kind === 'created') return new TaskLife(created.head, options)
    const why = created.kind === 'invalid' ? `${created.field} ${created.message}` : created.kind
    throw new TypeError(`The hub would not take this task: ${why}`)
  }

  get hasEnded(): boolean {
    return isTerminal(this.#head.status)
  }

  get head(): Head {
    return this.#head
  }

  /** From when it may run, if that lies ahead. */
  get waitsUntil(): Date | undefined {
    const readyMs = readyAt(this.#head)
    return readyMs > this.#time.now().getTime() ? new Date(readyMs) : undefined
  }

  /** Makes it run, or expire where its start window has closed. */
  claim(run: string): void {
    if (this.#head.status === 'waiting') this.tell({ kind: 'ripen' })
    if (this.tell({ kind: 'expire' }) === 'refused') this.tell({ kind: 'claim', run, instance: `${testWorker}-1` })
  }

  /** Whether the event moved the task. */
  tell(event: Told): 'moved' | 'refused' {
    const at = { now: this.#time.now().getTime(), writer: 'test', chance: this.#chance(), seesSince: 0 }
    const decision = decide(this.#head, { ...event, ...at })
    if (decision.kind === 'refused') return 'refused'
    this.#head = decision.next
    return 'moved'
  }

  cancel(reason: string | undefined): 'moved' | 'refused' {
    return this.tell({ kind: 'cancel', by, reason })
  }

  /** The envelope as a client reads it, or as an instance is given it. */
  task(options: { readonly isBrief?: boolean } = {}): Task {
    const { arguments: given, result, error } = this.#head
    const task = toTask(this.#head, { arguments: given, result, error, ...options })
    return this.#files.length === 0 ? task : { ...task, files: [...this.#files] }
  }
}
