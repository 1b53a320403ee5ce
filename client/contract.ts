import type { Json } from '../core/contract/names.ts'
import type { NewTask } from '../core/contract/new-task.ts'
import type { Task, TaskResult, TerminalStatus } from '../core/contract/task.ts'

/**
 * Types that flow from a command's contract to whoever submits it. Only the shape of the Standard Schema is asked for,
 * so the contract may be written in zod, Valibot, ArkType or anything else that follows it.
 */
export interface Schema<Input = unknown, Output = Input> {
  readonly '~standard': { readonly types?: { readonly input: Input; readonly output: Output } | undefined }
}

/** What `defineCommand` of `taskurai/worker` returns, as far as a client looks at it. Plain JSON Schema tells no types. */
export interface Contract {
  readonly name: string
  readonly version?: number | undefined
  readonly input?: unknown
  readonly output?: unknown
}

/** What a caller passes: the input before defaults are filled in. Anything, where the contract says nothing. */
export type InputOf<C extends Contract> = [Typed<C['input']>] extends [Schema<infer Input>] ? Input : unknown

/** What a succeeded task of this command has as `result.output`. */
export type OutputOf<C extends Contract> = [Typed<C['output']>] extends [Schema<infer _Input, infer Output>]
  ? Output
  : Json

/** `undefined` for what is no schema with types, so that an empty union does not pass for everything. */
type Typed<S> = [Extract<S, Schema>] extends [never] ? undefined : Extract<S, Schema>

/** The envelope with a typed output. */
export interface TaskOf<Output = Json> extends Omit<Task, 'result'> {
  readonly result?: (Omit<TaskResult, 'output'> & { readonly output?: Output | undefined }) | undefined
}

export interface EndedTask<Output = Json> extends TaskOf<Output> {
  readonly status: TerminalStatus
}

type OwnField = 'command' | 'arguments' | 'startAfter' | 'notStartAfter' | 'dependsOn'

/** Everything about a new task but its command and arguments. The times also take a Date. */
export interface TaskConfig extends Omit<NewTask, OwnField> {
  readonly startAfter?: NewTask['startAfter'] | Date
  readonly notStartAfter?: NewTask['notStartAfter'] | Date
  /** Tasks that must end first: their ids, and in a batch the `ref`s of others of the same call. */
  readonly dependsOn?: readonly string[] | undefined
}

/** In a batch a task may have a name, by which others of the same call depend on it. */
export interface BatchTaskConfig extends TaskConfig {
  readonly ref?: string | undefined
}

/** A task as given to `submitBatch`; `NewTask` of the contract fits. */
export interface TaskToSubmit extends BatchTaskConfig {
  readonly command: string
  readonly arguments?: unknown
}

/**
 * One typed entry of a batch.
 *
 * @example await client.submitBatch(orders.map((order) => newTask(orderConfirm, order, { externalId: order.id })))
 */
export function newTask<C extends Contract>(
  contract: C,
  input: InputOf<C>,
  config: BatchTaskConfig = {},
): TaskToSubmit {
  const { name, version } = contract
  return { command: name, ...(version === undefined ? {} : { version }), arguments: input, ...config }
}
