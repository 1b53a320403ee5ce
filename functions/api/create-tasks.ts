import { ApiError } from '#core/contract/errors'
import type { NewBatchTask } from '#core/contract/new-task'
import { holdFiles, letGo } from '#core/files/hold'
import { type CreateOutcome, type Creation, createTask } from '#core/tasks/create'
import { readHead } from '#core/tasks/move'
import type { World } from '#core/world'
import { requestHash } from './canonical.ts'
import { isDag } from './check-dag.ts'
import { checkDependencies } from './check-dependencies.ts'
import { fieldOf, filesAsked, hashedFiles } from './check-files.ts'
import { type CheckedTask, checkTasks, type Door, type PlaceOf } from './check-tasks.ts'
import { createDag } from './create-dag.ts'
import { type CreateAsk, type Created, clash, unavailable, uncheckedHash } from './created.ts'
import { refusal } from './field-issues.ts'
import { idempotencyKeyOf, idOfKey, idsOfBatchKey } from './task-ids.ts'
import type { Turns } from './turns.ts'

/** From a parsed body to created tasks, and to the tasks that the same call made before. */

/** The ids come from the caller's key, so the same call finds what it made before. */
interface Keyed {
  readonly key: string
  readonly ids: readonly string[]
}

/** One task; its key counts within its command. */
export async function createOne(door: Door, ask: CreateAsk): Promise<Created> {
  const [task] = ask.tasks
  if (task === undefined) throw new ApiError('bad-request', 'there is no task in it')
  const key = idempotencyKeyOf(ask.headers)
  const keyed = key === undefined ? undefined : { key, ids: [idOfKey(door.world.ids, task.command, key)] }
  const [created] = await create(door, ask, keyed, () => '')
  if (created === undefined) throw new Error('one task was asked for and none created')
  return created
}

export interface BatchDoor extends Door {
  /**
   * Batches under one key come one after the other, so that of two different ones the second meets the first whole. Where
   * several processes are the API, one that loses such a race may have made some of its tasks.
   */
  readonly batchTurns: Turns
}

/** All or none are accepted at the door; after that each is created by itself, and the same key completes the rest. */
export async function createMany(door: BatchDoor, ask: CreateAsk): Promise<readonly Created[]> {
  const key = idempotencyKeyOf(ask.headers)
  const keyed = key === undefined ? undefined : { key, ids: idsOfBatchKey(door.world.ids, key, ask.tasks.length) }
  const made = () => (isDag(ask.tasks) ? createDag(door, ask) : create(door, ask, keyed, (index) => `/tasks/${index}`))
  return key === undefined ? made() : door.batchTurns(key, made)
}

async function create(door: Door, ask: CreateAsk, keyed: Keyed | undefined, at: PlaceOf): Promise<readonly Created[]> {
  const { world } = door
  let checked: readonly CheckedTask[]
  try {
    checked = await checkTasks(door, { tasks: ask.tasks, by: ask.principal, at })
    for (const [index, { task }] of checked.entries()) {
      if (task.dependsOn !== undefined)
        await checkDependencies(world, { task, at: at(index), taskId: keyed?.ids[index] })
    }
  } catch (refused) {
    const standing = await madeBefore(world, ask, keyed, refused)
    if (standing !== undefined) return standing
    throw refused
  }
  const hash = keyed === undefined ? undefined : hashOf(world, ask, checked)
  if (keyed !== undefined && checked.length > 1) await refuseOtherBatch(world, keyed, hash)
  const outcomes = await Promise.allSettled(
    checked.map(({ task, command, argumentsText = '', files }, index) => {
      const creation = {
        task,
        command,
        by: ask.principal,
        id: keyed?.ids[index] ?? world.ids.next(),
        requestHash: hash,
        argumentsBytes: Buffer.byteLength(argumentsText),
      }
      return files === undefined ? createTask(world, creation) : createWithFiles(world, creation, at(index))
    }),
  )
  return outcomes.map((outcome, index) => {
    if (outcome.status === 'rejected')
      throw outcome.reason instanceof ApiError ? outcome.reason : unavailable(outcome.reason, keyed !== undefined)
    return createdOf(outcome.value, checked[index]?.task, at(index))
  })
}

/** The payloads are held before the head is written, and given back where it was not (core/files/payload.ts). */
export async function createWithFiles(world: World, creation: Creation, at: string): Promise<CreateOutcome> {
  const { task, by, id: taskId } = creation
  const born = world.ids.token()
  const ask = { taskId, born, by, files: filesAsked(task), parentId: creation.flow?.parent?.id }
  const held = await holdFiles(world, ask)
  if (held.kind === 'refused') {
    throw refusal('invalid', [{ field: fieldOf(task, held.index, at), message: held.message }])
  }
  const outcome = await createTask(world, { ...creation, held: { born, files: held.files } })
  const isOurs = outcome.kind !== 'invalid' && outcome.head.born === born
  if (!isOurs) await letGo(world, ask)
  return outcome
}

function hashOf(world: World, { raw, pathCommand }: CreateAsk, checked: readonly CheckedTask[]): string {
  const tasks = raw.map((task, index) => {
    const { argumentsText, files, task: parsed } = checked[index] ?? {}
    const instead = files === undefined || parsed === undefined ? undefined : hashedFiles(parsed, files)
    return { raw: task, argumentsText, instead }
  })
  return requestHash(world.ids, tasks, pathCommand)
}

/**
 * What the same call made before, when it would be refused today: its command may be gone, its schema another, its start
 * window over. A caller who lost the answer must not be told that nothing was accepted (protocol 29).
 */
async function madeBefore(
  world: World,
  ask: CreateAsk,
  keyed: Keyed | undefined,
  refused: unknown,
): Promise<readonly Created[] | undefined> {
  if (keyed === undefined || !(refused instanceof ApiError)) return undefined
  const hash = await uncheckedHash(world, ask)
  const heads = await Promise.all(keyed.ids.map((id) => readHead(world, id)))
  const made: Created[] = []
  for (const [index, head] of heads.entries()) {
    const task = ask.tasks[index]
    if (head?.requestHash !== hash || task === undefined) return undefined
    made.push({ kind: 'existing', head, task })
  }
  return made
}

/** Looked up before anything is written: a batch that grew under its key would else be half made, half refused. */
async function refuseOtherBatch(world: World, { ids }: Keyed, hash: string | undefined): Promise<void> {
  const [first] = ids
  const head = first === undefined ? undefined : await readHead(world, first)
  if (head !== undefined && head.requestHash !== hash) throw clash(head)
}

function createdOf(outcome: CreateOutcome, task: NewBatchTask | undefined, at: string): Created {
  if (task === undefined) throw new Error('an outcome of a task that nobody asked for')
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
