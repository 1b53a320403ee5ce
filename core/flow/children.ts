import type { Json } from '../contract/names.ts'
import type { TaskError } from '../contract/task.ts'
import { isTerminal } from '../contract/task.ts'
import type { Head } from '../head.ts'
import { childrenPrefix, type JoinOf } from '../keys.ts'
import { outcomeOf } from '../layout.ts'
import { readHead } from '../tasks/move.ts'
import type { World } from '../world.ts'
import { childIdOf } from './child-id.ts'
import { listAll } from './list-all.ts'

/** The sub tasks of a step, as one marker tells of them all: their ids follow from their places (protocol 20). */
export interface Children {
  readonly step: string
  readonly count: number
  /** Since when they were last begun: the era of their ends (22). */
  readonly era: number
  /** Places that a manual retry filled anew, and in which era. */
  readonly attempts: Readonly<Record<string, number>>
}

export async function readChildren(world: World, { id, born }: Head): Promise<readonly Children[]> {
  const items = await listAll(world, { pk: `T#${id}`, prefix: childrenPrefix(born) })
  const newest = new Map<string, Children>()
  for (const { data } of items) {
    const children = data as Children
    const standing = newest.get(children.step)
    if (standing === undefined || standing.era < children.era) newest.set(children.step, children)
  }
  return [...newest.values()]
}

export async function readChildrenOf(world: World, head: Head, step: string): Promise<Children | undefined> {
  const { id, born } = head
  const items = await listAll(world, { pk: `T#${id}`, prefix: `${childrenPrefix(born)}${step}#` })
  let newest: Children | undefined
  for (const { data } of items) {
    const children = data as Children
    if (newest === undefined || newest.era < children.era) newest = children
  }
  return newest
}

export function joinOf(
  { id, born }: Pick<Head, 'id' | 'born'>,
  { step, era, count }: Omit<Children, 'attempts'>,
): JoinOf {
  return { taskId: id, born, step, era, count }
}

export function childId(world: World, head: Pick<Head, 'id' | 'born'>, children: Children, index: number): string {
  const { step, attempts } = children
  return childIdOf(world.ids, { parentId: head.id, born: head.born, step, index, attempt: attempts[index] ?? 0 })
}

export interface ChildEnd {
  readonly taskId: string
  readonly status: string
  readonly output?: Json | undefined
  readonly outputApart?: true | undefined
  readonly error?: TaskError | undefined
}

/** What became of one sub task; one that is not there any more says so. */
export async function readChildEnd(world: World, taskId: string): Promise<ChildEnd> {
  const head = await readHead(world, taskId)
  if (head === undefined) return { taskId, status: 'gone' }
  if (!isTerminal(head.status)) return { taskId, status: head.status }
  const { result, error } = await outcomeOf(world.store, head)
  const isApart = head.resultFiles?.some(({ name }) => name === '.output') === true
  return {
    taskId,
    status: head.status,
    ...(result?.output === undefined ? {} : { output: result.output }),
    ...(isApart ? { outputApart: true as const } : {}),
    ...(error === undefined ? {} : { error }),
  }
}
