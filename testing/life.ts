import type { TaskFile } from '#core/contract/files'
import { limits } from '#core/contract/limits'
import type { ManifestCommand } from '#core/contract/manifest'
import type { NewTask } from '#core/contract/new-task'
import { isTerminal, type Task } from '#core/contract/task'
import type { Event } from '#core/events'
import type { StoredWait } from '#core/flow/remembered'
import { type Head, readyAt } from '#core/head'
import { headKey, waitPrefix } from '#core/keys'
import { headItem, headOf } from '#core/layout'
import { decide } from '#core/lifecycle'
import { createTask } from '#core/tasks/create'
import { toTask } from '#core/wire'
import { tester, testInstance, testWorker } from './names.ts'
import type { TestWorld } from './test-world.ts'
import type { TestedWait } from './tested-task.ts'
import { testedWait } from './tested-wait.ts'

/**
 * The life of one task of a test. Every move is decided by the hub's own `decide`. What a hook or a handler does moves the
 * head at once, in the table itself: no promise lies between a cancel and the signal that it aborts.
 */

/** An event without what every event of a test has in common. */
export type Told<E = Event> = E extends Event ? Omit<E, 'now' | 'writer' | 'chance' | 'seesSince'> : never

export interface LifeOptions {
  readonly world: TestWorld
  readonly task: NewTask
  readonly command: ManifestCommand
  readonly files: readonly TaskFile[]
}

export class TaskLife {
  readonly id: string
  readonly #world: TestWorld
  readonly #files: readonly TaskFile[]

  /** Of a task that is there. */
  constructor(world: TestWorld, id: string, files: readonly TaskFile[] = []) {
    this.#world = world
    this.id = id
    this.#files = files
  }

  /** Creates the task as the hub does, or says what it would refuse. */
  static async begin({ world, task, command, files }: LifeOptions): Promise<TaskLife> {
    const id = world.ids.ofText('the task of a test')
    const asked = { task, command: { ...command, worker: testWorker }, by: tester, id, argumentsBytes: 0 }
    const created = await createTask(world, asked)
    if (created.kind === 'created') return new TaskLife(world, id, files)
    const why = created.kind === 'invalid' ? `${created.field} ${created.message}` : created.kind
    throw new TypeError(`The hub would not take this task: ${why}`)
  }

  get head(): Head {
    const item = this.#world.table.get(headKey(this.id))
    if (item === undefined) throw new Error(`the task ${this.id} is not in the table`)
    return headOf(item)
  }

  get hasEnded(): boolean {
    return isTerminal(this.head.status)
  }

  /** When time alone lets an instance take it, or its start window closes; Infinity where neither ever happens. */
  get readyAtMs(): number {
    const { head } = this
    const { status, notStartAfter = Number.POSITIVE_INFINITY, flow } = head
    // Looked at just after the window has closed.
    const closedAt = notStartAfter + 1
    switch (status) {
      case 'waiting':
        return flow?.dependencies?.isOpen === true ? closedAt : Math.min(readyAt(head), closedAt)
      case 'queued':
        return Math.min(readyAt(head), closedAt)
      case 'suspended':
        return flow?.suspension?.wakeAt ?? Number.POSITIVE_INFINITY
      case 'running':
      case 'succeeded':
      case 'failed':
      case 'canceled':
      case 'expired':
        return Number.POSITIVE_INFINITY
      default:
        return status satisfies never
    }
  }

  /** What it waits for, while it is suspended. */
  get waits(): readonly TestedWait[] {
    const { id, born, status } = this.head
    if (status !== 'suspended') return []
    const { items } = this.#world.table.list({ pk: headKey(id).pk, prefix: waitPrefix(born), limit: limits.steps })
    // Waits are written by this program alone and carry their whole shape, as heads do.
    return items.map(({ data }) => testedWait((data as StoredWait).wait))
  }

  /** Makes it run, or expire where its start window has closed. */
  claim(run: string): void {
    if (this.head.status === 'waiting') this.tell({ kind: 'ripen' })
    if (this.tell({ kind: 'expire' }) === 'moved') return
    if (this.tell({ kind: 'claim', run, instance: testInstance }) === 'refused') {
      throw new Error(`the task ${this.id} is ${this.head.status} and cannot run now`)
    }
  }

  /** Whether the event moved the task. */
  tell(event: Told): 'moved' | 'refused' {
    const { clock, ids, chance, table } = this.#world
    const { head } = this
    const at = { now: clock.now(), writer: ids.token(), chance: chance(), seesSince: 0 }
    const decision = decide(head, { ...event, ...at })
    if (decision.kind === 'refused') return 'refused'
    const condition = { kind: 'at', born: head.born, n: head.n } as const
    const { kind } = table.write({ kind: 'put', item: headItem(decision.next), condition })
    if (kind !== 'written') throw new Error('nothing can come between reading a head here and writing it')
    return 'moved'
  }

  cancel(reason: string | undefined): 'moved' | 'refused' {
    return this.tell({ kind: 'cancel', by: tester, reason })
  }

  /** The envelope as a client reads it, or as an instance is given it. */
  task(options: { readonly isBrief?: boolean } = {}): Task {
    const { head } = this
    const { arguments: given, result, error } = head
    const task = toTask(head, { arguments: given, result, error, ...options })
    return this.#files.length === 0 ? task : { ...task, files: [...this.#files] }
  }
}
