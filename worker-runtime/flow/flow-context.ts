import type { Json } from '#core/contract/names'
import type { NewTask } from '#core/contract/new-task'
import type { OnFailure, OnParentEnd } from '#core/contract/steps'
import type { Retry, TaskError } from '#core/contract/task'
import type { CommandContract } from '../command.ts'
import type { Given, Parsed, Schema } from '../schema.ts'

/** What a handler of a workflow is given. docs/workflows.md says which of it is for what. */

export interface StepOptions<Input> {
  /** Tries of this step alone. Without it a thrown error fails the run, and the task's own policy decides. */
  readonly retry?: Partial<Retry>
  /** What the step works on: computed before its first try, and the same in every later one. */
  readonly input?: Input | (() => Input | Promise<Input>)
}

export interface SignalOptions<S extends Schema | undefined> {
  /** How long to wait; for ever where nothing is said. Counted from when the wait was first asked for. */
  readonly timeoutSeconds?: number
  /** Of the data. What does not fit is refused at the door while the task waits. */
  readonly schema?: S
}

/** A sub task: its command by name or by contract, its arguments, and whatever else a task may say. */
export type SubTask<C = string | CommandContract> = Omit<NewTask, 'command' | 'arguments' | 'version'> & {
  readonly command: C
  readonly arguments?: ArgumentsOf<C>
  readonly version?: number
  /** `cancel` (the default): it is canceled if it is open when its parent ends. `detach`: it goes on. */
  readonly onParentEnd?: OnParentEnd
}

type ArgumentsOf<C> = C extends string
  ? unknown
  : C extends { readonly input?: infer Input }
    ? Told<Input, Given<Exclude<Input, undefined>>, unknown>
    : unknown

/** What a sub task gives: by its contract, or any JSON. */
export type SubTaskOutput<C> = C extends string
  ? Json
  : C extends { readonly output?: infer Output }
    ? Told<Output, Parsed<Exclude<Output, undefined>>, Json>
    : Json

/** `Otherwise` where a contract has no schema there, or one that tells no type. */
type Told<S, Typed, Otherwise> = [Exclude<S, undefined>] extends [never]
  ? Otherwise
  : unknown extends Typed
    ? Otherwise
    : Typed

/** What became of one sub task where the others count too. */
export type SubTaskOutcome<Output = Json> =
  | { readonly ok: true; readonly output: Output }
  | { readonly ok: false; readonly taskId: string; readonly status: string; readonly error?: TaskError }

export interface First<Output = Json> {
  readonly index: number
  readonly output: Output
}

export interface WaitOptions<Policy extends OnFailure = OnFailure> {
  /**
   * `fail` (the default): the first that does not succeed ends the wait, with a {@link SubTaskFailed}. `continue`: an
   * outcome for each. `first-success`: the first output; a {@link SubTaskFailed} when there is none.
   */
  readonly onFailure?: Policy
}

type Asked = string | CommandContract
/** Each held to the contract that it names. */
type SubTasks<Cs extends readonly Asked[]> = { readonly [Index in keyof Cs]: SubTask<Cs[Index]> }
type Outputs<Cs extends readonly Asked[]> = { -readonly [Index in keyof Cs]: SubTaskOutput<Cs[Index]> }
type Outcomes<Cs extends readonly Asked[]> = {
  -readonly [Index in keyof Cs]: SubTaskOutcome<SubTaskOutput<Cs[Index]>>
}

export interface FlowContext {
  /**
   * Does something once and remembers what it gave: JSON. Later runs of the task get that at once.
   *
   * @throws StepFailed when it failed for good: by its own `retry`, or by a TaskFailure that is not retryable
   * @example const charge = await ctx.step('charge', () => bank.charge(order))
   */
  readonly step: <Output, Input = undefined>(
    id: string,
    work: (input: Input) => Output | Promise<Output>,
    options?: StepOptions<Input>,
  ) => Promise<Output>
  /** Waits without a slot: so many seconds, or until then. A restart does not lengthen it. */
  readonly sleep: (id: string, until: number | Date) => Promise<void>
  /**
   * Waits without a slot for a named event that somebody sends to the task, and gives its data.
   *
   * @throws SignalTimeout when it did not come in time
   */
  readonly waitForSignal: <S extends Schema | undefined = undefined>(
    id: string,
    name: string,
    options?: SignalOptions<S>,
  ) => Promise<S extends undefined ? Json : Parsed<S>>
  /** Makes sub tasks and goes on: gives their ids. Unless they are detached they are canceled when this task ends. */
  readonly create: {
    <const C extends Asked>(id: string, task: SubTask<C>): Promise<string>
    <const Cs extends readonly Asked[]>(id: string, tasks: SubTasks<Cs>): Promise<readonly string[]>
  }
  /**
   * Makes sub tasks and waits for them without a slot: gives their outputs in order.
   *
   * @throws SubTaskFailed by `onFailure`
   * @example const [body, wheels] = await ctx.call('parts', [{ command: makeBody }, { command: makeWheels }])
   */
  readonly call: {
    <const C extends Asked>(
      id: string,
      task: SubTask<C>,
      options: WaitOptions<'continue'>,
    ): Promise<SubTaskOutcome<SubTaskOutput<C>>>
    <const C extends Asked>(
      id: string,
      task: SubTask<C>,
      options: WaitOptions<'first-success'>,
    ): Promise<First<SubTaskOutput<C>>>
    <const C extends Asked>(id: string, task: SubTask<C>, options?: WaitOptions<'fail'>): Promise<SubTaskOutput<C>>
    <const Cs extends readonly Asked[]>(
      id: string,
      tasks: SubTasks<Cs>,
      options: WaitOptions<'continue'>,
    ): Promise<Outcomes<Cs>>
    <const Cs extends readonly Asked[]>(
      id: string,
      tasks: SubTasks<Cs>,
      options: WaitOptions<'first-success'>,
    ): Promise<First<SubTaskOutput<Cs[number]>>>
    <const Cs extends readonly Asked[]>(
      id: string,
      tasks: SubTasks<Cs>,
      options?: WaitOptions<'fail'>,
    ): Promise<Outputs<Cs>>
  }
  /** Waits for sub tasks that this task created before, in the same ways. */
  readonly wait: {
    (id: string, ids: readonly string[], options: WaitOptions<'continue'>): Promise<readonly SubTaskOutcome[]>
    (id: string, ids: readonly string[], options: WaitOptions<'first-success'>): Promise<First>
    (id: string, ids: readonly string[], options?: WaitOptions<'fail'>): Promise<readonly Json[]>
  }
}
