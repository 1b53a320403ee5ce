import { ApiError, type FieldIssue } from '#core/contract/errors'
import { limits } from '#core/contract/limits'
import type { NewTask } from '#core/contract/new-task'
import type { HeldFile } from '#core/files/held-file'
import type { ResolvedCommand } from '#core/tasks/create'
import type { Principal, World } from '#core/world'
import { canonicalJson } from './canonical.ts'
import type { Catalog, DoorCommand } from './catalog.ts'
import { checkFiles, namesFiles, readArguments } from './check-files.ts'
import { issuesMost, refusal } from './field-issues.ts'
import { windowFault } from './start-window.ts'

/** The door: each task of a request is held against what its command takes before the first one is created. */
export interface Door {
  readonly world: World
  readonly catalog: Catalog
}

export interface CheckedTask {
  readonly task: NewTask
  readonly command: ResolvedCommand
  /** Canonical JSON, made once for its length and for the request's hash. */
  readonly argumentsText: string | undefined
  /** What its files are; absent where it names none. */
  readonly files?: readonly HeldFile[] | undefined
}

export type PlaceOf = (index: number) => string

export interface TasksCheck {
  readonly tasks: readonly NewTask[]
  readonly by: Principal
  readonly at: PlaceOf
  /** They are sub tasks of it. */
  readonly parentId?: string | undefined
}

/** All of them, or an ApiError that names the places at fault: `/tasks/3/arguments/orderId`. */
export async function checkTasks(door: Door, { tasks, by, at, parentId }: TasksCheck): Promise<readonly CheckedTask[]> {
  const issues: FieldIssue[] = []
  const checked: CheckedTask[] = []
  const now = door.world.clock.now()
  let known: { readonly task: NewTask; readonly command: DoorCommand } | undefined
  for (const [index, task] of tasks.entries()) {
    // Most batches are of one command, and an await for each task would cost more than its whole check.
    if (known === undefined || !asksForSame(known.task, task)) {
      known = { task, command: await resolve(door, task, at(index)) }
    }
    if (task.startAfter !== undefined || task.notStartAfter !== undefined) refuseWindow(task, now, at(index))
    checked.push(
      namesFiles(task)
        ? await checkWithFiles(door, { task, by, at: at(index), parentId, command: known.command }, issues)
        : checkArguments(task, known.command, issues, () => `${at(index)}/arguments`),
    )
    if (issues.length > issuesMost) break
  }
  if (issues.length > 0) throw refusal('invalid-arguments', issues)
  return checked
}

interface WithFiles {
  readonly task: NewTask
  readonly by: Principal
  readonly at: string
  readonly parentId?: string | undefined
  readonly command: DoorCommand
}

/** Arguments that came as a payload are held to the same schema as any, and kept where they are. */
async function checkWithFiles(door: Door, ask: WithFiles, issues: FieldIssue[]): Promise<CheckedTask> {
  const { task, command, at } = ask
  const files = await checkFiles(door.world, ask)
  if (task.argumentsPayload === undefined) {
    return { ...checkArguments(task, command, issues, () => `${at}/arguments`), files }
  }
  const file = files.at(-1)
  if (file === undefined) throw new Error('arguments apart are a file')
  const args = await readArguments(door.world, file, at)
  for (const { field, message } of command.check(args))
    issues.push({ field: `${at}/argumentsPayload${field}`, message })
  return { task, command: command.resolved, argumentsText: undefined, files }
}

function asksForSame(one: NewTask, other: NewTask): boolean {
  return one.command === other.command && one.version === other.version && one.isolationKey === other.isolationKey
}

async function resolve({ catalog }: Door, task: NewTask, at: string): Promise<DoorCommand> {
  const { command, version, isolationKey } = task
  try {
    return await catalog.resolve(command, version, isolationKey)
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'unknown-command') throw error
    throw new ApiError(error.code, error.message, { issues: [{ field: `${at}/command`, message: error.message }] })
  }
}

function refuseWindow(task: NewTask, now: number, at: string): void {
  const fault = windowFault(task, now)
  if (fault !== undefined) throw refusal('invalid', [{ ...fault, field: at + fault.field }])
}

function checkArguments(
  task: NewTask,
  { resolved, check }: DoorCommand,
  issues: FieldIssue[],
  at: () => string,
): CheckedTask {
  const found = check(task.arguments)
  if (found.length > 0 && task.arguments === undefined && check({}).length === 0) {
    // Nothing said means an empty object where the command takes one; the run must see what the door has checked.
    return { task: { ...task, arguments: {} }, command: resolved, argumentsText: '{}' }
  }
  for (const { field, message } of found) issues.push({ field: at() + field, message })
  const argumentsText = task.arguments === undefined ? undefined : canonicalJson(task.arguments)
  if (argumentsText !== undefined && argumentsText.length * bytesPerCharMost > limits.argumentsBytes) {
    refuseLong(argumentsText, at())
  }
  return { task, command: resolved, argumentsText }
}

/** UTF-8 of what JavaScript counts as one character. */
const bytesPerCharMost = 3

function refuseLong(text: string, field: string): void {
  const bytes = Buffer.byteLength(text)
  if (bytes <= limits.argumentsBytes) return
  const message = `has ${bytes} bytes of JSON, at most ${limits.argumentsBytes} (limit argumentsBytes)`
  throw new ApiError('too-large', `${field} ${message}`, { issues: [{ field, message }] })
}
