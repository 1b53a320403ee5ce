import { type Command, Option } from 'commander'
import { realSystem, type System } from '../system.ts'
import { type Connected, connect, type HubFlags } from './connect.ts'
import { createOutput, type Output } from './output.ts'
import type { CliWorld } from './world.ts'

/** One call of the CLI: its world, and the exit code that the command which ran left behind. */
export interface Session {
  readonly world: CliWorld
  exitCode: number
}

export interface Hub extends Connected {
  readonly output: Output
}

/** Adds the options that all commands share which talk to a hub. */
export function withHubOptions(command: Command): Command {
  const heading = 'Which hub:'
  return withJson(command)
    .addOption(new Option('--endpoint <url>', 'the hub to call').helpGroup(heading))
    .addOption(new Option('--profile <name>', 'the profile whose keys to use').helpGroup(heading))
    .addOption(new Option('--region <name>', 'the region to sign for').helpGroup(heading))
}

export function withJson(command: Command, what = 'JSON on stdout, and errors as JSON on stderr'): Command {
  return command.addOption(new Option('--json', what).helpGroup('Output:'))
}

/** An option of few values: named in its help, completed by the shell, and refused by the command in its own words. */
export function choice(flags: string, description: string, choices: readonly string[]): Option {
  const option = new Option(flags, description)
  option.argChoices = [...choices]
  return option
}

export async function openHub({ world }: Session, flags: HubFlags, options?: { openOnly?: boolean }): Promise<Hub> {
  return { ...(await connect(world, flags, options)), output: createOutput(world, flags.json === true) }
}

/** Time as this call of the CLI knows it. */
export function systemOf({ world }: Session): System {
  return { ...realSystem, ...world.client }
}

/** For options that may be repeated. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}

/** A few letters that no other call makes, for names of files in the making. */
export function tokenOf({ chance }: System): string {
  return Math.floor(chance() * 2 ** 32).toString(36)
}
