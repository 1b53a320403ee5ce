import type { Head } from '../head.ts'
import { dependenciesKey, dependenciesStep, type JoinOf, waiterKey } from '../keys.ts'
import type { Item, Key, Write } from '../ports.ts'
import type { World } from '../world.ts'
import { eraOf } from './flow-of.ts'
import { joinKeysApart } from './join.ts'

/** How dependencies lie in the table: the list with the dependent, a note with each dependency, and a join of the ends. */

/** Of one task, in the order in which it names them. It never changes (protocol 26). */
export interface DependencyList {
  readonly on: readonly string[]
  /** The batch that made both ends: while it is open, what is not there has yet to come. */
  readonly batchId?: string | undefined
}

export function listWrite(head: Pick<Head, 'id' | 'born'>, list: DependencyList): Write {
  const item: Item = { ...dependenciesKey(head.id, head.born), born: head.born, n: 1, data: list }
  return { kind: 'put', item, condition: { kind: 'any' } }
}

export async function readList(world: World, { id, born }: Pick<Head, 'id' | 'born'>): Promise<DependencyList> {
  const item = await world.store.get(dependenciesKey(id, born))
  if (item === undefined) throw new Error(`task ${id}: the list of its dependencies is missing`)
  return item.data as DependencyList
}

/** Says in the partition of a dependency who waits for its end, and which place of the join that end fills. */
export interface Waiter {
  readonly born: string
  readonly index: number
  readonly count: number
  readonly era: number
}

export interface WaiterAsk {
  readonly dependency: string
  readonly taskId: string
  readonly waiter: Waiter
}

export function waiterItem(world: World, { dependency, taskId, waiter }: WaiterAsk): Item<Waiter> {
  return { ...waiterKey(dependency, taskId), born: world.ids.token(), n: 1, data: waiter }
}

export function waiterOf({ data }: Item): Waiter {
  return data as Waiter
}

export function sameWaiter(a: Waiter, b: Waiter): boolean {
  return a.born === b.born && a.era === b.era && a.index === b.index
}

/** Only as it was read: who is wired anew in between has written another one. */
export async function deleteWaiter(world: World, { pk, sk, born, n }: Item): Promise<void> {
  await world.store.commit({ write: { kind: 'delete', key: { pk, sk }, condition: { kind: 'at', born, n } } })
}

/** A dependent that is retried counts anew: each era has a join of its own. */
export function joinOfDependencies(head: Head): JoinOf {
  const count = head.flow?.dependencies?.count ?? 0
  return { taskId: head.id, born: head.born, step: dependenciesStep, era: eraOf(head), count }
}

/** Of a task that is gone: what its joins, one an era, have in other partitions. */
export function dependencySetsApart(gone: Head): readonly Key[] {
  const join = joinOfDependencies(gone)
  return Array.from({ length: join.era + 1 }, (_, era) => joinKeysApart({ ...join, era })).flat()
}

export function isOpenDependent(head: Head): boolean {
  return head.status === 'waiting' && head.flow?.dependencies?.isOpen === true
}
