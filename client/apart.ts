import { limits } from '../core/contract/limits.ts'
import { reservedFiles } from '../core/contract/reserved-files.ts'
import type { Task } from '../core/contract/task.ts'
import type { Line } from './call.ts'
import { downloadJson } from './download.ts'
import { TaskuraiError } from './error.ts'
import { upload } from './upload.ts'

/**
 * Arguments and outputs that are larger than a request should carry lie apart, as files with names of their own. Callers
 * of the client do not notice: it sends and fetches them by itself.
 */

/** UTF-8 of what JavaScript counts as one character. */
const bytesPerCharMost = 3

/** Whether the arguments in this JSON of a task must be sent apart. Most tasks need no counting. */
export function isLarge(json: string, args: unknown): boolean {
  if (json.length * bytesPerCharMost <= limits.argumentsBytes || args === undefined) return false
  return Buffer.byteLength(JSON.stringify(args) ?? '') > limits.argumentsBytes
}

/** Sends the arguments and answers the task's JSON with their payload in their place. */
export async function sendApart(
  line: Line,
  task: { readonly arguments?: unknown; readonly [field: string]: unknown },
  signal: AbortSignal | undefined,
): Promise<string> {
  const bytes = Buffer.from(JSON.stringify(task.arguments))
  if (bytes.byteLength > limits.apartBytes) {
    const detail = `The arguments have ${bytes.byteLength} bytes of JSON, at most ${limits.apartBytes} (limit apartBytes): send them as a file.`
    throw new TaskuraiError({ code: 'bad-call', detail })
  }
  const { id } = await upload(line, bytes, { contentType: 'application/json', signal })
  return JSON.stringify({ ...task, arguments: undefined, argumentsPayload: id })
}

/** The envelope with what lies apart in its place. */
export async function withApart(line: Line, task: Task, signal: AbortSignal | undefined): Promise<Task> {
  const { argumentsApart, result } = task
  if (argumentsApart !== true && result?.outputApart !== true) return task
  const fetched = (name: string) => downloadJson(line, task.id, name, { signal })
  const [args, output] = await Promise.all([
    argumentsApart === true ? fetched(reservedFiles.arguments) : undefined,
    result?.outputApart === true ? fetched(reservedFiles.output) : undefined,
  ])
  const { argumentsApart: _argumentsApart, ...rest } = task
  const whole = argumentsApart === true ? { ...rest, arguments: args } : rest
  if (result?.outputApart !== true) return whole as Task
  const { outputApart: _outputApart, ...held } = result
  return { ...whole, result: { ...held, output } } as Task
}
