import type { Command } from 'commander'

/** The command line as shells complete it, read from the parser itself, so that the two can't drift apart. */
export interface Shape {
  /** The words that lead to it, none for the program itself: `keys add`. */
  readonly path: string
  readonly summary: string
  readonly commands: readonly Shape[]
  readonly options: readonly OptionShape[]
  /** The values of its first argument where they are few: `bash`, `zsh`, `fish`. */
  readonly choices: readonly string[]
  /** Whether its arguments may be files. */
  readonly takesFiles: boolean
}

export interface OptionShape {
  readonly long: string
  readonly short: string | undefined
  readonly description: string
  readonly takesValue: boolean
  readonly choices: readonly string[]
  readonly takesFile: boolean
}

const fileWords = /^(?:file|folder|path|module|\[name=]path|data)$/

export function shapeOf(command: Command, path = ''): Shape {
  const { registeredArguments, options, commands } = command
  const [first] = registeredArguments
  return {
    path,
    summary: command.summary() || command.description(),
    commands: commands.map((each) => shapeOf(each, path === '' ? each.name() : `${path} ${each.name()}`)),
    options: [...options.map(optionOf), help],
    choices: first?.argChoices ?? [],
    takesFiles: registeredArguments.some((argument) => /^(?:file|folder|module|arguments)$/.test(argument.name())),
  }
}

const help: OptionShape = {
  long: '--help',
  short: '-h',
  description: 'all about it',
  takesValue: false,
  choices: [],
  takesFile: false,
}

function optionOf(option: Command['options'][number]): OptionShape {
  const value = /[<[](.+)[>\]]$/.exec(option.flags)?.[1]
  return {
    long: option.long ?? '',
    short: option.short,
    description: option.description,
    takesValue: value !== undefined,
    choices: option.argChoices ?? [],
    takesFile: value !== undefined && fileWords.test(value),
  }
}

/** The shape and all below it. */
export function everyShape(shape: Shape): readonly Shape[] {
  return [shape, ...shape.commands.flatMap(everyShape)]
}
