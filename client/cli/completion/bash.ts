import { everyShape, type OptionShape, type Shape } from './shape.ts'

/** Completion for bash 3.2 (that of macOS) and newer: no associative arrays, no helpers that a system may lack. */
export function bashScript(program: Shape): string {
  const shapes = everyShape(program)
  return `# Completion of taskurai for bash. Put this into ~/.bashrc:
#   eval "$(taskurai completion bash)"
_taskurai_files() {
  local IFS=$'\\n'
  COMPREPLY=($(compgen -f -- "$1" || true))
  compopt -o filenames 2>/dev/null || true
}
_taskurai() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="" path="" words="" index word
  if [ "$COMP_CWORD" -gt 0 ]; then prev="\${COMP_WORDS[COMP_CWORD-1]}"; fi
  for ((index = 1; index < COMP_CWORD; index++)); do
    word="\${COMP_WORDS[index]}"
    case "\${path:+$path }$word" in
${alternatives(shapes.slice(1).map(({ path }) => path))
  .map((each) => `      ${each}) path="\${path:+$path }$word" ;;`)
  .join('\n')}
    esac
  done
  case "$path $prev" in
${shapes.flatMap(valueCases).join('\n')}
  esac
  case "$path" in
${shapes.map(wordsCase).join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur" || true))
}
complete -F _taskurai taskurai
`
}

function alternatives(paths: readonly string[]): readonly string[] {
  return paths.map((path) => `"${path}"`)
}

/** What stands behind an option that takes a value: its few values, a file, or nothing that a shell could know. */
function valueCases({ path, options }: Shape): readonly string[] {
  return options.flatMap((option) => {
    if (!option.takesValue) return []
    const names = namesOf(option).map((name) => `"${path} ${name}"`)
    return [`    ${names.join(' | ')}) ${valueAction(option)}; return ;;`]
  })
}

function valueAction({ choices, takesFile }: OptionShape): string {
  if (choices.length > 0) return `COMPREPLY=($(compgen -W "${choices.join(' ')}" -- "$cur" || true))`
  return takesFile ? '_taskurai_files "$cur"' : 'COMPREPLY=()'
}

function wordsCase({ path, commands, options, choices, takesFiles }: Shape): string {
  const words = [
    ...commands.map((command) => command.path.split(' ').at(-1) ?? ''),
    ...choices,
    ...options.flatMap(namesOf),
  ]
  // Options only once one was begun: files are what is looked for.
  const files = takesFiles ? `if [ "\${cur#-}" = "$cur" ]; then _taskurai_files "$cur"; return; fi; ` : ''
  return `    "${path}") ${files}words="${words.join(' ')}" ;;`
}

function namesOf({ long, short }: OptionShape): readonly string[] {
  return short === undefined ? [long] : [long, short]
}
