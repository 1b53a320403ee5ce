import { everyShape, type OptionShape, type Shape } from './shape.ts'

/** Completion for fish, with what each word is for. */
export function fishScript(program: Shape): string {
  const shapes = everyShape(program)
  return `# Completion of taskurai for fish. Save it with:
#   taskurai completion fish > ~/.config/fish/completions/taskurai.fish
function __taskurai_path
  set -l path ""
  for word in (commandline -opc)[2..-1]
    set -l longer (string trim -- "$path $word")
    switch "$longer"
      case ${shapes
        .slice(1)
        .map(({ path }) => quoted(path))
        .join(' ')}
        set path "$longer"
    end
  end
  echo -- "$path"
end
function __taskurai_at
  test (__taskurai_path) = "$argv[1]"
end
complete -c taskurai -f
${shapes.flatMap(linesOf).join('\n')}
`
}

function linesOf({ path, commands, options, choices, takesFiles }: Shape): readonly string[] {
  const start = `complete -c taskurai -n ${quoted(`__taskurai_at ${quoted(path)}`)}`
  return [
    ...commands.map(
      (command) => `${start} -a ${quoted(command.path.split(' ').at(-1) ?? '')} -d ${quoted(command.summary)}`,
    ),
    ...(choices.length === 0 ? [] : [`${start} -a ${quoted(choices.join(' '))}`]),
    ...(takesFiles ? [`${start} -F`] : []),
    ...options.map((option) => start + optionOf(option)),
  ]
}

function optionOf({ long, short, description, takesValue, choices, takesFile }: OptionShape): string {
  const names = ` -l ${long.slice(2)}${short === undefined ? '' : ` -s ${short.slice(1)}`}`
  const values = choices.length === 0 ? '' : ` -a ${quoted(choices.join(' '))}`
  const value = takesValue ? `${takesFile ? ' -r -F' : ' -x'}${values}` : ''
  return `${names}${value} -d ${quoted(description)}`
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
