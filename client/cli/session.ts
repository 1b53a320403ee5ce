import type { Command } from 'commander'
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
  return withJson(command)
    .option('--endpoint <url>', 'the hub to call')
    .option('--profile <name>', 'the profile whose keys to use')
    .option('--region <name>', 'the region to sign for')
}

export function withJson(command: Command): Command {
  return command.option('--json', 'JSON on stdout, and errors as JSON on stderr')
}

export async function openHub({ world }: Session, flags: HubFlags, options?: { openOnly?: boolean }): Promise<Hub> {
  return { ...(await connect(world, flags, options)), output: createOutput(world, flags.json === true) }
}

/** For options that may be repeated. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}
