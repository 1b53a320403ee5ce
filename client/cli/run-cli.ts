import { CommanderError } from 'commander'
import { isColored } from './color.ts'
import { exitOfError, WRONG_CALL } from './exit.ts'
import { helpStyle } from './help.ts'
import { createOutput } from './output.ts'
import { createProgram } from './program.ts'
import { errorJson, errorText } from './report-error.ts'
import type { Session } from './session.ts'
import type { CliWorld } from './world.ts'

export type { CliWorld, KeysAccess, ServeOptions } from './world.ts'

/** Long lines of prose are hard to read, however wide the window. */
const helpWidthMost = 120

/**
 * The command line as a function: all it touches is in `world`, and it answers the exit code.
 *
 * @example process.exitCode = await runCli({ argv: process.argv.slice(2), … })
 */
export async function runCli(world: CliWorld): Promise<number> {
  const session: Session = { world, exitCode: 0 }
  const output = createOutput(world, isJsonAsked(world.argv))
  const written: Promise<void>[] = []
  const program = createProgram(session, (root) => {
    root
      .exitOverride()
      .configureOutput({
        writeOut: (text) => void written.push(output.print(text.trimEnd())),
        // In JSON the refusal is told once, below.
        writeErr: (text) => void (output.isJson || written.push(output.say(text.trimEnd()))),
        getOutHelpWidth: () => Math.min(output.width, helpWidthMost),
        getOutHasColors: () => isColored(world),
        getErrHasColors: () => false,
      })
      .configureHelp(helpStyle(output.paint))
      .showHelpAfterError('(taskurai --help, or --help behind a command, tells more)')
  })
  try {
    await program.parseAsync(world.argv, { from: 'user' })
    return session.exitCode
  } catch (error) {
    if (error instanceof CommanderError) {
      if (output.isJson && error.exitCode !== 0) {
        await output.say(JSON.stringify({ error: { code: 'bad-call', message: error.message } }))
      }
      // Called with no command at all, it shows its help; that is no success.
      return error.exitCode === 0 ? 0 : WRONG_CALL
    }
    await output.say(output.isJson ? JSON.stringify(errorJson(error)) : `taskurai: ${errorText(error)}`)
    return exitOfError(error)
  } finally {
    await Promise.all(written)
  }
}

/** Needed before the words are parsed, as the parser itself may have to refuse them. */
function isJsonAsked(argv: readonly string[]): boolean {
  const end = argv.indexOf('--')
  return argv.slice(0, end < 0 ? argv.length : end).includes('--json')
}
