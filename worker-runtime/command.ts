import type { JsonSchema } from '#core/contract/manifest'
import type { Retry } from '#core/contract/task'
import type { CommandContext } from './context.ts'
import type { Given, Parsed, Schema } from './schema.ts'

/** What a command is, for those who ask for it and for those who do it. */
export interface CommandSpec<Input extends Schema | undefined, Output extends Schema | undefined> {
  /** Lower-case letters, digits, dot, hyphen, underscore: `order.confirm`. */
  readonly name: string
  /** Without one it is version 1, and takes every version that its worker hosts nothing else for. */
  readonly version?: number
  readonly input?: Input
  readonly output?: Output
  readonly retry?: Partial<Retry>
  /** From the start of a run; then its signal is aborted, and five seconds later the run has failed. */
  readonly timeoutSeconds?: number
  readonly leaseSeconds?: number
  /**
   * A task that is canceled between two of its runs (it sleeps, waits, or pauses before a retry) is run once more, so
   * that the handler can undo what it did: what is remembered answers, an open wait throws, `ctx.step` works, for 30 s.
   * An instance may have to be started for it: without this, such a task is canceled at once, and none of its code runs.
   */
  readonly runsOnCancel?: boolean
}

/** A command without its handler, to be shared with clients for typed submits. */
export interface CommandContract<
  Input extends Schema | undefined = Schema | undefined,
  Output extends Schema | undefined = Schema | undefined,
> extends CommandSpec<Input, Output> {
  readonly kind: 'command'
  readonly version: number
  /** It was defined without a version: it takes every version that its worker hosts nothing else for. */
  readonly fallback?: true
}

export type Handler<Input extends Schema | undefined, Output extends Schema | undefined> = (
  ctx: CommandContext,
  input: Parsed<Input>,
) => Returned<Output> | Promise<Returned<Output>>

export type Returned<Output> = Output extends undefined ? unknown : Given<Output>

/** A command with its handler, ready for {@link defineWorker}. */
export interface Command<
  Input extends Schema | undefined = Schema | undefined,
  Output extends Schema | undefined = Schema | undefined,
> extends CommandContract<Input, Output> {
  readonly handler: Handler<Input, Output>
}

/** Any command, whatever its types: inside the runtime input and output are held to their schemas as values. */
export interface AnyCommand extends Omit<CommandContract, 'handler'> {
  readonly handler: (ctx: CommandContext, input: never) => unknown
}

/**
 * Defines a command: a contract without a handler, or the command itself.
 *
 * @example
 * const greet = defineCommand({ name: 'greet', input: z.object({ name: z.string() }) }, async (ctx, { name }) => {
 *   ctx.log.info('greet', { name })
 *   return `Hello ${name}`
 * })
 */
export function defineCommand<
  const Input extends Schema | undefined = undefined,
  const Output extends Schema | undefined = undefined,
>(spec: CommandSpec<Input, Output>): CommandContract<Input, Output>
export function defineCommand<
  const Input extends Schema | undefined = undefined,
  const Output extends Schema | undefined = undefined,
>(spec: CommandSpec<Input, Output>, handler: Handler<Input, Output>): Command<Input, Output>
export function defineCommand<Input extends Schema | undefined, Output extends Schema | undefined>(
  spec: CommandSpec<Input, Output>,
  handler?: Handler<Input, Output>,
): CommandContract<Input, Output> | Command<Input, Output> {
  if (handler !== undefined && typeof handler !== 'function') {
    throw new TypeError(`The handler of command ${spec.name} is a ${typeof handler}, not a function.`)
  }
  const contract = contractOf(spec)
  return handler === undefined ? contract : { ...contract, handler }
}

/** A contract may be spread into another one, which is none for every version if it has a version of its own. */
function contractOf<Input extends Schema | undefined, Output extends Schema | undefined>(
  spec: CommandSpec<Input, Output> & { readonly fallback?: true },
): CommandContract<Input, Output> {
  const { fallback, version, ...rest } = spec
  const isFallback = version === undefined || (fallback === true && version === unversioned)
  return { ...rest, kind: 'command', version: version ?? unversioned, ...(isFallback ? { fallback: true } : {}) }
}

const unversioned = 1

export function commandKey(name: string, version: number): string {
  return `${name}@${version}`
}

export type { JsonSchema }
