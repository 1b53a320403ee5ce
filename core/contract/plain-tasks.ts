import { limits } from './limits.ts'
import { CommandName } from './names.ts'
import type { NewBatch } from './new-task.ts'

/**
 * Whether a body is a batch of tasks that name their command and their arguments and no more. Most batches are, and
 * such a one is already what its schema would make of it: copying each task costs more than the rest of the door.
 * (A test holds this against the schema.)
 */
export function isPlainBatch(raw: unknown): raw is NewBatch {
  if (!isObject(raw) || !Array.isArray(raw.tasks) || Object.keys(raw).length !== 1) return false
  const tasks: readonly unknown[] = raw.tasks
  if (tasks.length === 0 || tasks.length > limits.batchTasks) return false
  let known: unknown
  for (const task of tasks) {
    if (!isObject(task)) return false
    for (const key in task) if (key !== 'command' && key !== 'arguments') return false
    if (task.command === undefined || (task.command !== known && !CommandName.safeParse(task.command).success))
      return false
    known = task.command
  }
  return true
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
