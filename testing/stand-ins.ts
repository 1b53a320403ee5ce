import type { Task } from '#core/contract/task'
import { type AnyCommand, commandKey, defineCommand } from '#worker-runtime/command'
import type { CommandContext } from '#worker-runtime/context'
import type { ReadyCommand } from '#worker-runtime/run-task'
import { validatorOf } from '#worker-runtime/validator'

/** What a sub task is to a function that stands in for its command. */
export interface SubTaskCall {
  readonly command: string
  readonly version: number
  /** From 1. */
  readonly run: number
  /** The envelope: who asked, and with which options. */
  readonly task: Task
}

/** Gives the output of a sub task; what it throws fails it. Name the type of the input as the command would. */
export type StandIn = (input: never, call: SubTaskCall) => unknown

/**
 * What sub tasks ask for, by the names of their commands: the real command, or a function in its place. To hold a function
 * to the contract's schemas: `defineCommand(contract, (ctx, input) => …)`.
 */
export type StandIns = Readonly<Record<string, AnyCommand | StandIn>>

/** A function is asked once: whoever throws means that the sub task fails, unless its parent gave it a `retry`. */
const once = { maxRuns: 1 } as const

export function commandsOf(standIns: StandIns): readonly AnyCommand[] {
  return Object.entries(standIns).map(([name, given]) => {
    if (typeof given === 'function') return standInFor(name, given)
    if (typeof given?.handler !== 'function') {
      throw new TypeError(
        `subTasks['${name}'] has no handler: give the command, a function (input) => output, or defineCommand(contract, handler)`,
      )
    }
    if (given.name === name) return given
    throw new TypeError(`subTasks['${name}'] is the command ${given.name}: use that name`)
  })
}

function standInFor(name: string, standIn: StandIn): AnyCommand {
  // `never` stands for the input that its author has named: nothing here knows its schema.
  return defineCommand({ name, retry: once }, (ctx, input) => standIn(input as never, callOf(ctx)))
}

function callOf({ task }: CommandContext): SubTaskCall {
  return { command: task.command, version: task.version, run: task.runCount, task }
}

/** Finds a command as an instance does: by its version, else by the name of one that takes every version. */
export function finderOf(commands: readonly AnyCommand[]): (name: string, version: number) => ReadyCommand {
  const ready = new Map<string, ReadyCommand>()
  for (const command of commands) {
    const one = { command, input: validatorOf(command.input), output: validatorOf(command.output) }
    ready.set(commandKey(command.name, command.version), one)
    if (command.fallback === true) ready.set(command.name, one)
  }
  return (name, version) => {
    const found = ready.get(commandKey(name, version)) ?? ready.get(name)
    if (found === undefined) throw new Error(`no sub task of ${commandKey(name, version)} can have been made`)
    return found
  }
}
