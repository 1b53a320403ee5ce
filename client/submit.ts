import { limits } from '../core/contract/limits.ts'
import { type Call, call, type Line } from './call.ts'
import type { Contract, TaskConfig, TaskToSubmit } from './contract.ts'
import { TaskuraiError } from './error.ts'
import { isRecord } from './problem.ts'
import { ulid } from './ulid.ts'

/** Creating tasks. Each request carries an Idempotency-Key, the same on every try, so that a retry never makes two. */

export interface SubmitOptions extends TaskConfig {
  /** Your own key: the same key and the same task make one task, however often they are sent. By default a fresh one. */
  readonly idempotencyKey?: string
  readonly signal?: AbortSignal
}

export interface BatchOptions {
  readonly idempotencyKey?: string
  readonly signal?: AbortSignal
}

const keyPattern = /^[\x21-\x7e]+$/
/** Room for `{"tasks":[]}` and for what a gateway in between may add. */
const bodyReserveBytes = 1_024
/** Room for the number of the part behind a caller's key. */
const partSuffixChars = 12

export async function submitOne(
  line: Line,
  what: string | Contract,
  input: unknown,
  options: SubmitOptions = {},
): Promise<unknown> {
  const { idempotencyKey, signal, ...config } = options
  const name = typeof what === 'string' ? what : what.name
  const version = typeof what === 'string' ? undefined : what.version
  const body = { ...(version === undefined ? {} : { version }), arguments: input, ...config }
  const headers = { 'idempotency-key': keyOf(line, idempotencyKey, limits.idempotencyKeyChars) }
  // The path names the command, so that a key which may submit only this one is enough.
  return call(line, { method: 'POST', path: `/v1/commands/${segment(name)}/tasks`, body, headers, signal })
}

/** The ids in the order of the tasks. Any number: what is too much for one request goes in several, one after another. */
export async function submitMany(
  line: Line,
  tasks: readonly TaskToSubmit[],
  { idempotencyKey, signal }: BatchOptions = {},
): Promise<readonly string[]> {
  const key = keyOf(line, idempotencyKey, limits.idempotencyKeyChars - partSuffixChars)
  const ids: string[] = []
  for (const [index, part] of partsOf(tasks).entries()) {
    const partKey = index === 0 ? key : `${key}.${index}`
    const headers = { 'idempotency-key': partKey, prefer: 'return=minimal' }
    const answer = await call(line, { ...batchCall(part), headers, signal })
    const created = idsOf(answer)
    if (created.length !== part.length) {
      const detail = `The hub answered ${created.length} ids to a batch of ${part.length} tasks.`
      throw new TaskuraiError({ code: 'bad-answer', detail })
    }
    ids.push(...created)
  }
  return ids
}

function batchCall(tasks: readonly TaskToSubmit[]): Pick<Call, 'method' | 'path' | 'body'> {
  const command = tasks[0]?.command
  if (command === undefined || tasks.some((task) => task.command !== command)) {
    return { method: 'POST', path: '/v1/tasks/batch', body: { tasks } }
  }
  const bare = tasks.map(({ command: _command, ...rest }) => rest)
  return { method: 'POST', path: `/v1/commands/${segment(command)}/tasks/batch`, body: { tasks: bare } }
}

/** Cut by count and by bytes. A single task that is too large goes alone, so that the hub's refusal names it. */
function partsOf(tasks: readonly TaskToSubmit[]): readonly (readonly TaskToSubmit[])[] {
  const bytesMost = limits.bodyBytes - bodyReserveBytes
  const parts: TaskToSubmit[][] = []
  let part: TaskToSubmit[] = []
  let bytes = 0
  for (const task of tasks) {
    const taskBytes = Buffer.byteLength(JSON.stringify(task)) + 1
    if (part.length > 0 && (part.length === limits.batchTasks || bytes + taskBytes > bytesMost)) {
      parts.push(part)
      part = []
      bytes = 0
    }
    part.push(task)
    bytes += taskBytes
  }
  if (part.length > 0) parts.push(part)
  return parts
}

function idsOf(answer: unknown): string[] {
  const tasks = isRecord(answer) && Array.isArray(answer.tasks) ? answer.tasks : []
  return tasks.flatMap((task: unknown) => (isRecord(task) && typeof task.id === 'string' ? [task.id] : []))
}

function keyOf(line: Line, given: string | undefined, charsMost: number): string {
  if (given === undefined) return ulid(line.system)
  if (keyPattern.test(given) && given.length <= charsMost) return given
  const detail = `An idempotency key has 1 to ${charsMost} printable ASCII characters without spaces, not '${given}'.`
  throw new TaskuraiError({ code: 'bad-call', detail })
}

/** One segment of a path. The hub's own names need no encoding; anything else arrives there to be refused by name. */
export function segment(name: string): string {
  if (name === '' || name === '.' || name === '..') {
    throw new TaskuraiError({ code: 'bad-call', detail: `'${name}' is no name or id.` })
  }
  return encodeURIComponent(name)
}
