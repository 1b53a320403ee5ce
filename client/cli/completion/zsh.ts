import { everyShape, type OptionShape, type Shape } from './shape.ts'

/** Completion for zsh, with what each word is for. */
export function zshScript(program: Shape): string {
  const shapes = everyShape(program)
  return `#compdef taskurai
# Completion of taskurai for zsh. Put this into ~/.zshrc, behind compinit:
#   eval "$(taskurai completion zsh)"
_taskurai() {
  local at="" word index
  local -a offers
  for ((index = 2; index < CURRENT; index++)); do
    word="\${words[index]}"
    case "\${at:+$at }$word" in
${shapes
  .slice(1)
  .map(({ path }) => `      ${quoted(path)}) at="\${at:+$at }$word" ;;`)
  .join('\n')}
    esac
  done
  case "$at \${words[CURRENT-1]}" in
${shapes.flatMap(valueCases).join('\n')}
  esac
  case "$at" in
${shapes.map(offersCase).join('\n')}
  esac
  _describe taskurai offers
}
if [ "\${funcstack[1]}" = _taskurai ]; then _taskurai "$@"; else compdef _taskurai taskurai; fi
`
}

function valueCases({ path, options }: Shape): readonly string[] {
  return options.flatMap((option) => {
    if (!option.takesValue) return []
    const names = namesOf(option).map((name) => quoted(`${path} ${name}`))
    return [`    ${names.join('|')}) ${valueAction(option)}; return ;;`]
  })
}

function valueAction({ choices, takesFile }: OptionShape): string {
  if (choices.length > 0) return `compadd -- ${choices.map(quoted).join(' ')}`
  return takesFile ? '_files' : 'true'
}

function offersCase({ path, commands, options, choices, takesFiles }: Shape): string {
  const offers = [
    ...commands.map((command) => offer(command.path.split(' ').at(-1) ?? '', command.summary)),
    ...choices.map((each) => offer(each, '')),
    ...options.flatMap((option) => namesOf(option).map((name) => offer(name, option.description))),
  ]
  const files = takesFiles ? `[[ "\${words[CURRENT]}" == -* ]] || { _files; return }; ` : ''
  return `    ${quoted(path)}) ${files}offers=(${offers.join(' ')}) ;;`
}

function offer(word: string, description: string): string {
  return quoted(description === '' ? word : `${word}:${description}`)
}

function namesOf({ long, short }: OptionShape): readonly string[] {
  return short === undefined ? [long] : [long, short]
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
