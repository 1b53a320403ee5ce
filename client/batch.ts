import { limits } from '../core/contract/limits.ts'
import type { TaskToSubmit } from './contract.ts'
import { TaskuraiError } from './error.ts'

/** How the tasks of a batch are spread over requests. Tasks that name each other stay together: the hub wires them at once. */

/** Room for `{"tasks":[]}` and for what a gateway in between may add. */
const bodyReserveBytes = 1_024
const payloadIdBytes = 64
const bytesMost = limits.bodyBytes - bodyReserveBytes

// The contract's own pattern lives beside zod, which a client need not load.
const taskId = /^[0-9A-HJKMNP-TV-Z]{26}$/

/** Whether its tasks name each other. What is no id of a task is meant as a `ref`, be it one of this batch or a mistake. */
export function isConnected(tasks: readonly TaskToSubmit[]): boolean {
  return tasks.some(({ ref, dependsOn = [] }) => ref !== undefined || dependsOn.some((each) => !taskId.test(each)))
}

/** Refuses, before anything is sent, a connected batch that does not fit into one request: bytes of JSON of each task. */
export function refuseTooLarge(tasks: readonly number[]): void {
  const how = 'Tasks that name each other by ref go in one request: submit independent parts each by itself.'
  if (tasks.length > limits.batchTasks) {
    throw refused(`The batch has ${tasks.length} tasks, at most ${limits.batchTasks} (limit batchTasks). ${how}`)
  }
  const bytes = tasks.reduce((sum, taskBytes) => sum + taskBytes + 1, 0)
  if (bytes > bytesMost) {
    throw refused(`The batch has ${bytes} bytes of JSON, at most ${bytesMost} (limit bodyBytes). ${how}`)
  }
}

/** Of a task whose arguments are going to be sent apart, with room for the id of their payload. */
export function bytesBeside(task: object = {}): number {
  return Buffer.byteLength(JSON.stringify({ ...task, arguments: undefined })) + payloadIdBytes
}

function refused(detail: string): TaskuraiError {
  return new TaskuraiError({ code: 'bad-call', detail })
}

/**
 * The tasks' JSON, cut by count and by bytes. A single task that is too large goes alone, so that the hub's refusal
 * names it.
 */
export function partsOf(tasks: readonly string[]): readonly (readonly string[])[] {
  const parts: string[][] = []
  let part: string[] = []
  let bytes = 0
  for (const json of tasks) {
    const taskBytes = Buffer.byteLength(json) + 1
    if (part.length > 0 && (part.length === limits.batchTasks || bytes + taskBytes > bytesMost)) {
      parts.push(part)
      part = []
      bytes = 0
    }
    part.push(json)
    bytes += taskBytes
  }
  if (part.length > 0) parts.push(part)
  return parts
}
