import type { Command, Help } from 'commander'
import type { Paint } from './color.ts'
import { exitHelp } from './exit.ts'

/** What `--help` tells beside what the parser knows by itself: what a command is for, by example, and how it exits. */

export interface Explanation {
  /** One line for the list of commands. */
  readonly summary: string
  /** More of it for the command's own help; the summary where there is no more to say. */
  readonly about?: string
  readonly examples: readonly (readonly [words: string, what: string])[]
}

const environment = `Environment:
  TASKURAI_ENDPOINT   the hub to call (http://127.0.0.1:4400); --endpoint wins
  TASKURAI_DATA       the data folder of the hub on this machine (.taskurai)
  TASKURAI_PORT       the port that serve listens at (4400)
  TASKURAI_LOG        info: serve tells what it does; json: instances log as JSON
  AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_PROFILE, AWS_REGION
                      the keys to sign with, as the AWS tools read them; for a hub on this machine the
                      keys in its data folder come first
  NO_COLOR, FORCE_COLOR
                      never colours, or always; without them only on a terminal`

const seeAlso = 'Environment and keys: taskurai --help'

export function explain(command: Command, { summary, about, examples }: Explanation): Command {
  const widest = Math.max(...examples.map(([words]) => words.length))
  // What each does stands beside it, or above where a line would become too long.
  const lines =
    widest > exampleChars
      ? examples.map(([words, what]) => `  # ${what}\n  ${words}`)
      : examples.map(([words, what]) => `  ${words.padEnd(widest)}  # ${what}`)
  return (
    command
      .summary(summary)
      // One paragraph, broken anew for whoever reads it.
      .description((about ?? summary).replaceAll('\n', ' '))
      .addHelpText('after', `\nExamples:\n${lines.join('\n')}`)
  )
}

const exampleChars = 46

/** The end of every help: the root tells the environment, the others where to find it. */
export function addEnding(program: Command): void {
  program.addHelpText('afterAll', ({ command }) => {
    const rest = command === program ? environment : seeAlso
    return `\n${exitHelp}\n\n${rest}`
  })
}

export function helpStyle(paint: Paint): Partial<Help> {
  return {
    styleTitle: (title) => paint('bold', title),
    styleCommandText: (text) => paint('cyan', text),
    styleSubcommandTerm: (term) => paint('cyan', term),
    styleOptionTerm: (term) => paint('cyan', term),
    subcommandTerm: (command) => command.name(),
  }
}
