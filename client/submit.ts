import type { Attributes } from '@opentelemetry/api'
import { limits } from '../core/contract/limits.ts'
import { isLarge, sendApart } from './apart.ts'
import { bytesBeside, isConnected, partsOf, refuseTooLarge } from './batch.ts'
import { call, type Line } from './call.ts'
import type { Contract, TaskConfig, TaskToSubmit } from './contract.ts'
import { TaskuraiError } from './error.ts'
import { isRecord } from './problem.ts'
import { messagingAttributes, traced } from './trace.ts'
import { ulid } from './ulid.ts'

/** Creating tasks. Each request carries an Idempotency-Key, the same on every try, so that a retry never makes two. */

export interface SubmitOptions extends TaskConfig {
  /** Your own key: the same key and the same task make one task, however often they are sent. By default a fresh one. */
  readonly idempotencyKey?: string | undefined
  readonly signal?: AbortSignal
}

export interface BatchOptions {
  readonly idempotencyKey?: string | undefined
  readonly signal?: AbortSignal
}

const keyPattern = /^[\x21-\x7e]+$/
/** Room for the number of the part behind a caller's key. */
const partSuffixChars = 12

export async function submitOne(
  line: Line,
  what: string | Contract,
  input: unknown,
  options: SubmitOptions = {},
): Promise<unknown> {
  const name = typeof what === 'string' ? what : what.name
  const version = options.version ?? (typeof what === 'string' ? undefined : what.version)
  const attributes = {
    ...messagingAttributes('submit', name),
    ...(version === undefined ? {} : { 'taskurai.version': version }),
  }
  return traced({ name: `submit ${name}`, attributes, told: taskAttributes }, (traceParent) =>
    sendOne(line, { name, version, input, traceParent, options }),
  )
}

interface One {
  readonly name: string
  readonly version: number | undefined
  readonly input: unknown
  readonly traceParent: string | undefined
  readonly options: SubmitOptions
}

async function sendOne(line: Line, { name, version, input, traceParent, options }: One): Promise<unknown> {
  const { idempotencyKey, signal, ...config } = options
  const body = { arguments: input, traceParent, ...config, version }
  const text = JSON.stringify(body)
  const isApart = isLarge(text, input)
  const json = isApart ? await sendApart(line, body, signal) : text
  const headers = { 'idempotency-key': keyOf(line, idempotencyKey, limits.idempotencyKeyChars) }
  // The path names the command, so that a key which may submit only this one is enough.
  const path = `/v1/commands/${segment(name)}/tasks`
  const task = await call(line, { method: 'POST', path, json, headers, signal })
  if (!isApart || !isRecord(task)) return task
  const { argumentsApart: _argumentsApart, ...whole } = task
  return { ...whole, arguments: input }
}

/**
 * The ids in the order of the tasks. Any number: what is too much for one request goes in several, one after another.
 * Only tasks that name each other never do, as a hub wires those of one call.
 */
export async function submitMany(
  line: Line,
  tasks: readonly TaskToSubmit[],
  options: BatchOptions = {},
): Promise<readonly string[]> {
  const command = commonCommand(tasks)
  const attributes = { ...messagingAttributes('submit', command), 'messaging.batch.message_count': tasks.length }
  return traced({ name: `submit ${command ?? 'batch'}`, attributes }, (traceParent) => {
    const all = traceParent === undefined ? tasks : tasks.map((task) => ({ traceParent, ...task }))
    return sendMany(line, all, { ...options, command })
  })
}

async function sendMany(
  line: Line,
  tasks: readonly TaskToSubmit[],
  { idempotencyKey, signal, command }: BatchOptions & { readonly command: string | undefined },
): Promise<readonly string[]> {
  const key = keyOf(line, idempotencyKey, limits.idempotencyKeyChars - partSuffixChars)
  // Fresh keys are ULIDs throughout, as the hub takes the time of the ids from them.
  const keyOfPart = (index: number): string => {
    if (index === 0) return key
    return idempotencyKey === undefined ? ulid(line.system) : `${key}.${index}`
  }
  const path = command === undefined ? '/v1/tasks/batch' : `/v1/commands/${segment(command)}/tasks/batch`
  const ids: string[] = []
  const sent = command === undefined ? tasks : tasks.map((task) => ({ ...task, command: undefined }))
  const texts = sent.map((task) => JSON.stringify(task))
  const apart = new Set(sent.flatMap((task, index) => (isLarge(texts[index] ?? '', task.arguments) ? [index] : [])))
  if (isConnected(tasks)) {
    refuseTooLarge(texts.map((text, index) => (apart.has(index) ? bytesBeside(sent[index]) : Buffer.byteLength(text))))
  }
  for (const index of apart) texts[index] = await sendApart(line, { ...sent[index] }, signal)
  for (const [index, part] of partsOf(texts).entries()) {
    const headers = { 'idempotency-key': keyOfPart(index), prefer: 'return=minimal' }
    const answer = await call(line, { method: 'POST', path, json: `{"tasks":[${part.join()}]}`, headers, signal })
    const created = idsOf(answer)
    if (created.length !== part.length) {
      const detail = `The hub answered ${created.length} ids to a batch of ${part.length} tasks.`
      throw new TaskuraiError({ code: 'bad-answer', detail })
    }
    ids.push(...created)
  }
  return ids
}

/** Where all tasks have one command, its own path is called: a key which may submit only this one is enough. */
function commonCommand(tasks: readonly TaskToSubmit[]): string | undefined {
  const command = tasks[0]?.command
  return tasks.every((task) => task.command === command) ? command : undefined
}

function taskAttributes(task: unknown): Attributes {
  if (!isRecord(task) || typeof task.id !== 'string') return {}
  return { 'messaging.message.id': task.id, 'taskurai.task.id': task.id }
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
