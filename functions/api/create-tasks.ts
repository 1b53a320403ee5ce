import { ApiError, type FieldIssue } from '#core/contract/errors'
import { limits } from '#core/contract/limits'
import type { NewTask } from '#core/contract/new-task'
import type { Head } from '#core/head'
import { headKey } from '#core/keys'
import { headOf } from '#core/layout'
import { type CreateOutcome, createTask, instant, type ResolvedCommand } from '#core/tasks/create'
import type { World } from '#core/world'
import { requestHash } from './canonical.ts'
import type { Catalog, DoorCommand } from './catalog.ts'
import { issuesMost, refusal } from './field-issues.ts'
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

export interface Door {
  readonly world: World
  readonly catalog: Catalog
}

/** A task that stands, and whether it stood before this call. */
export interface Created {
  readonly kind: 'created' | 'existing'
  readonly head: Head
  /** As the caller sent it; its arguments may lie apart from the head. */
  readonly task: NewTask
}

interface Checked {
  readonly task: NewTask
  readonly command: ResolvedCommand
  readonly argumentsBytes: number
}

/** One task. Its id comes from the command and the caller's key, so the same call finds what it made before. */
export async function createOne(door: Door, ask: CreateAsk): Promise<Created> {
  const key = idempotencyKeyOf(ask.headers)
  const [checked] = await checkAll(door, ask, () => '')
  if (checked === undefined) throw new ApiError('bad-request', 'there is no task in it')
  const { ids } = door.world
  const id = key === undefined ? ids.next() : idOfKey(ids, checked.command.name, key)
  const hash = key === undefined ? undefined : requestHash(ids, ask.raw, ask.pathCommand)
  const creation = { ...checked, by: ask.principal, id, requestHash: hash }
  const outcome = await createTask(door.world, creation).catch((error: unknown) => throwUnavailable(error, key))
  return createdOf(outcome, checked.task, '')
}

/** All or none are accepted at the door; after that each is created by itself, and the same key completes the rest. */
export async function createMany(door: Door, ask: CreateAsk): Promise<readonly Created[]> {
  const key = idempotencyKeyOf(ask.headers)
  const checked = await checkAll(door, ask, (index) => `/tasks/${index}`)
  const { world } = door
  const { ids } = world
  const taskIds = key === undefined ? undefined : idsOfBatchKey(ids, key, checked.length)
  const hash = key === undefined ? undefined : requestHash(ids, ask.raw, ask.pathCommand)
  if (taskIds !== undefined) await refuseOtherBatch(world, taskIds[0], hash)
  const by = ask.principal
  const outcomes = await Promise.allSettled(
    checked.map((one, index) =>
      createTask(world, { ...one, by, id: taskIds?.[index] ?? ids.next(), requestHash: hash }),
    ),
  )
  const failed = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failed !== undefined) throwUnavailable(failed.reason, key)
  const created: Created[] = []
  for (const [index, { task }] of checked.entries()) {
    const outcome = outcomes[index]
    if (outcome?.status === 'fulfilled') created.push(createdOf(outcome.value, task, `/tasks/${index}`))
  }
  return created
}

/** Looked up before anything is written: a batch that grew under its key would else be half made, half refused. */
async function refuseOtherBatch(world: World, firstId: string | undefined, hash: string | undefined): Promise<void> {
  if (firstId === undefined) return
  const item = await world.store.get(headKey(firstId))
  if (item === undefined || (item.expiresAt !== undefined && item.expiresAt <= world.clock.now())) return
  const head = headOf(item)
  if (head.requestHash !== hash) throw clash(head)
}

/** Nobody knows what a store that failed has written: a key makes it safe to ask again. */
function throwUnavailable(cause: unknown, key: string | undefined): never {
  const how =
    key === undefined
      ? 'it is not known what was accepted; with an Idempotency-Key the same call could be made again'
      : 'make the same call again with the same Idempotency-Key to complete it'
  throw new ApiError('unavailable', `the store failed; ${how}`, { cause })
}

async function checkAll(door: Door, ask: CreateAsk, at: (index: number) => string): Promise<readonly Checked[]> {
  const issues: FieldIssue[] = []
  const checked: Checked[] = []
  const known = new Map<string, DoorCommand>()
  for (const [index, task] of ask.tasks.entries()) {
    const label = task.version === undefined ? task.command : `${task.command}@${task.version}`
    const command = known.get(label) ?? (await resolve(door, task, at(index)))
    known.set(label, command)
    checked.push(checkOne(door.world, task, command, at(index), issues))
    if (issues.length > issuesMost) break
  }
  if (issues.length > 0) throw refusal('invalid-arguments', issues)
  return checked
}

async function resolve({ catalog }: Door, { command, version }: NewTask, at: string): Promise<DoorCommand> {
  try {
    return await catalog.resolve(command, version)
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'unknown-command') throw error
    throw new ApiError(error.code, error.message, { issues: [{ field: `${at}/command`, message: error.message }] })
  }
}

function checkOne(world: World, task: NewTask, door: DoorCommand, at: string, issues: FieldIssue[]): Checked {
  const { resolved, check } = door
  const window = windowFault(world, task)
  if (window !== undefined) throw refusal('invalid', [{ field: `${at}/notStartAfter`, message: window }])
  let found = check(task.arguments)
  let checked = task
  if (found.length > 0 && task.arguments === undefined && check({}).length === 0) {
    // Nothing said means an empty object where the command takes one; the run must see what the door has checked.
    found = []
    checked = { ...task, arguments: {} }
  }
  for (const { field, message } of found) issues.push({ field: `${at}/arguments${field}`, message })
  const args = checked.arguments
  const argumentsBytes = args === undefined ? 0 : Buffer.byteLength(JSON.stringify(args))
  if (argumentsBytes > limits.argumentsBytes) {
    const message = `has ${argumentsBytes} bytes of JSON, at most ${limits.argumentsBytes} (limit argumentsBytes)`
    const field = `${at}/arguments`
    throw new ApiError('too-large', `${field} ${message}`, { issues: [{ field, message }] })
  }
  return { task: checked, command: resolved, argumentsBytes }
}

/** Core refuses it too, but one at a time: of a batch nothing may be made when one cannot be. */
function windowFault(world: World, { startAfter, notStartAfter }: NewTask): string | undefined {
  if (notStartAfter === undefined) return undefined
  const now = world.clock.now()
  const end = instant(notStartAfter, now) ?? now
  return end < Math.max(now, instant(startAfter, now) ?? 0) ? 'lies before the task may start' : undefined
}

function createdOf(outcome: CreateOutcome, task: NewTask, at: string): Created {
  switch (outcome.kind) {
    case 'created':
    case 'existing':
      return { kind: outcome.kind, head: outcome.head, task }
    case 'clash':
      throw clash(outcome.head)
    case 'invalid':
      throw refusal('invalid', [{ field: `${at}${outcome.field}`, message: outcome.message }])
    default:
      return outcome satisfies never
  }
}

function clash(head: Head): ApiError {
  const detail = `this Idempotency-Key was used for another request, which made the task ${head.id}`
  return new ApiError('idempotency-conflict', detail)
}
