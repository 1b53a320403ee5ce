import { ApiError, type FieldIssue } from '#core/contract/errors'
import { limits } from '#core/contract/limits'
import type { NewTask } from '#core/contract/new-task'
import type { Head } from '#core/head'
import { type CreateOutcome, createTask, type ResolvedCommand } from '#core/tasks/create'
import type { World } from '#core/world'
import { requestHash } from './canonical.ts'
import type { Catalog } from './catalog.ts'
import { refusal } from './field-issues.ts'
import { idempotencyKeyOf, idOfKey, idsOfBatchKey } from './task-ids.ts'

/** From a checked body to created tasks: commands looked up, arguments held against their schemas, ids given. */

export interface CreateAsk {
  readonly principal: string
  readonly headers: Headers
  readonly tasks: readonly NewTask[]
  /** The caller's own tasks, before any default was filled in. */
  readonly raw: readonly unknown[]
  /** Where the path names the command, the body does not. */
  readonly pathCommand: string | undefined
}

interface Checked {
  readonly task: NewTask
  readonly command: ResolvedCommand
  readonly argumentsBytes: number
}

export interface Door {
  readonly world: World
  readonly catalog: Catalog
}

/** One task. Its id comes from the command and the caller's key, so the same call finds what it made before. */
export async function createOne(door: Door, ask: CreateAsk): Promise<Head> {
  const [checked] = await checkAll(door, ask, () => '')
  if (checked === undefined) throw new ApiError('bad-request', 'there is no task in it')
  const key = idempotencyKeyOf(ask.headers)
  const { ids } = door.world
  const id = key === undefined ? ids.next() : idOfKey(ids, checked.command.name, key)
  const hash = key === undefined ? undefined : requestHash(ids, ask.raw, ask.pathCommand)
  const outcome = await createTask(door.world, { ...checked, by: ask.principal, id, requestHash: hash })
  return headOfOutcome(outcome, '')
}

/** All or none are accepted at the door; after that each is created by itself, and the same key completes the rest. */
export async function createMany(door: Door, ask: CreateAsk): Promise<readonly Head[]> {
  const checked = await checkAll(door, ask, (index) => `/tasks/${index}`)
  const key = idempotencyKeyOf(ask.headers)
  const { ids } = door.world
  const taskIds = key === undefined ? undefined : idsOfBatchKey(ids, key, checked.length)
  const hash = key === undefined ? undefined : requestHash(ids, ask.raw, ask.pathCommand)
  const outcomes = await Promise.all(
    checked.map((one, index) =>
      createTask(door.world, { ...one, by: ask.principal, id: taskIds?.[index] ?? ids.next(), requestHash: hash }),
    ),
  )
  return outcomes.map((outcome, index) => headOfOutcome(outcome, `/tasks/${index}`))
}

async function checkAll(door: Door, ask: CreateAsk, at: (index: number) => string): Promise<readonly Checked[]> {
  const issues: FieldIssue[] = []
  const checked: Checked[] = []
  for (const [index, task] of ask.tasks.entries()) {
    const { resolved, check } = await door.catalog.resolve(task.command, task.version)
    for (const issue of check(task.arguments ?? {})) {
      issues.push({ field: `${at(index)}/arguments${issue.field}`, message: issue.message })
    }
    const argumentsBytes = task.arguments === undefined ? 0 : Buffer.byteLength(JSON.stringify(task.arguments))
    if (argumentsBytes > limits.argumentsBytes) {
      const message = `has ${argumentsBytes} bytes of JSON, at most ${limits.argumentsBytes} (limit argumentsBytes)`
      throw new ApiError('too-large', `${at(index)}/arguments ${message}`, {
        issues: [{ field: `${at(index)}/arguments`, message }],
      })
    }
    checked.push({ task, command: resolved, argumentsBytes })
  }
  if (issues.length > 0) throw refusal('invalid-arguments', issues)
  return checked
}

function headOfOutcome(outcome: CreateOutcome, at: string): Head {
  switch (outcome.kind) {
    case 'created':
    case 'existing':
      return outcome.head
    case 'clash': {
      const detail = `this Idempotency-Key was used for another request, which made the task ${outcome.head.id}`
      throw new ApiError('idempotency-conflict', detail)
    }
    case 'invalid':
      throw refusal('invalid', [{ field: `${at}${outcome.field}`, message: outcome.message }])
    default:
      return outcome satisfies never
  }
}
