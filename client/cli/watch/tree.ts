import type { Task } from '../../../core/contract/task.ts'

/** A task and the sub tasks under it. */
export interface Node {
  readonly task: Task
  readonly depth: number
  /** How the line in front of it is drawn: `│  ├─ `. */
  readonly branch: string
}

/** Deeper ones are drawn without their branch. */
export const depthMost = 6

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
