import type { Task } from '../../../core/contract/task.ts'
import { call, type Line } from '../../call.ts'
import { TaskuraiError } from '../../error.ts'
import { segment } from '../../submit.ts'

/** A task and the sub tasks under it. */
export interface Node {
  readonly task: Task
  readonly depth: number
  /** How the line in front of it is drawn: `│  ├─ `. */
  readonly branch: string
}

const depthMost = 6
/** More than fits any screen. */
const nodesMost = 200

export type ChildrenOf = (id: string) => Promise<readonly Task[]>

/**
 * Asks a hub for the children of tasks. A hub that has no such path, or a key that may not ask, is asked once and not
 * again: then there is the task alone.
 */
export function createChildren(line: Line): ChildrenOf {
  let isThere = true
  return async (id) => {
    if (!isThere) return []
    try {
      const answer = await call(line, { method: 'GET', path: `/v1/tasks/${segment(id)}/children` })
      return tasksOf(answer)
    } catch (error) {
      if (!(error instanceof TaskuraiError) || error.status === undefined || error.status >= 500) return []
      isThere = false
      return []
    }
  }
}

/** All that is under a task, level by level. */
export async function descendantsOf(root: Task, childrenOf: ChildrenOf): Promise<readonly Task[]> {
  const found = new Map<string, Task>([[root.id, root]])
  let level: readonly Task[] = [root]
  for (let depth = 1; depth < depthMost && level.length > 0 && found.size < nodesMost; depth++) {
    const next: Task[] = []
    for (const parent of level) {
      for (const child of await childrenOf(parent.id)) {
        if (found.size >= nodesMost || found.has(child.id)) continue
        found.set(child.id, child)
        next.push(child)
      }
    }
    level = next
  }
  return [...found.values()].slice(1)
}

/** Tasks in the order of a tree: each under its parent where that is among them, by their own word of it. */
export function treeOf(tasks: readonly Task[]): readonly Node[] {
  const ids = new Set(tasks.map(({ id }) => id))
  const under = new Map<string, Task[]>()
  const roots: Task[] = []
  for (const task of tasks) {
    const { parentId, id } = task
    if (parentId === undefined || parentId === id || !ids.has(parentId)) roots.push(task)
    else under.set(parentId, [...(under.get(parentId) ?? []), task])
  }
  const nodes: Node[] = []
  const placed = new Set<string>()
  const place = (task: Task, depth: number, { branch, below }: { branch: string; below: string }): void => {
    if (placed.has(task.id)) return
    placed.add(task.id)
    nodes.push({ task, depth, branch })
    const children = depth + 1 < depthMost ? (under.get(task.id) ?? []) : []
    for (const [index, child] of children.entries()) {
      const isLast = index === children.length - 1
      place(child, depth + 1, { branch: below + (isLast ? '└─ ' : '├─ '), below: below + (isLast ? '   ' : '│  ') })
    }
  }
  // Whatever its parents say, no task is left out: behind the roots come those of a circle, and those too deep.
  for (const each of [...roots, ...tasks]) place(each, 0, { branch: '', below: '' })
  return nodes
}

function tasksOf(answer: unknown): readonly Task[] {
  const { tasks } = (answer ?? {}) as { readonly tasks?: unknown }
  return Array.isArray(tasks) ? (tasks as readonly Task[]) : []
}
