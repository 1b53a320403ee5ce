import { TaskOutline } from '../contract/live.ts'
import type { Task } from '../contract/task.ts'

const fields = Object.keys(TaskOutline.shape) as readonly (keyof TaskOutline)[]

/** What an end user may see, field by field: a task has been through its schemas when it came to be. */
export function outlineOf(task: Task): TaskOutline {
  const outline: Record<string, unknown> = {}
  for (const field of fields) if (task[field] !== undefined) outline[field] = task[field]
  if (task.error !== undefined) {
    const { details: _, ...error } = task.error
    outline.error = error
  }
  return outline as TaskOutline
}
