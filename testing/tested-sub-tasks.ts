import type { TaskLife } from './life.ts'
import type { TestedSubTask } from './tested-task.ts'

/** The sub tasks of a task, each with its own. */
export function testedSubTasks(parentId: string, all: readonly TaskLife[]): readonly TestedSubTask[] {
  const byParent = new Map<string, TaskLife[]>()
  for (const life of all) {
    const parent = life.head.flow?.parent?.id ?? ''
    const standing = byParent.get(parent)
    if (standing === undefined) byParent.set(parent, [life])
    else standing.push(life)
  }
  const under = (id: string): readonly TestedSubTask[] =>
    (byParent.get(id) ?? []).map((life) => ({ ...testedSubTask(life), subTasks: under(life.id) }))
  return under(parentId)
}

function testedSubTask(life: TaskLife): Omit<TestedSubTask, 'subTasks'> {
  const { id, command, version, arguments: given, status, result, error, runCount, flow } = life.head
  const { step = '', onEnd: onParentEnd = 'cancel' } = flow?.parent ?? {}
  return {
    ...{ id, step, command, version, status, error, onParentEnd },
    arguments: given,
    output: result?.output,
    runs: runCount,
    task: life.task(),
  }
}
