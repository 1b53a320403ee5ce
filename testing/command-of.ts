import type { Contract } from '#client/contract'
import type { AnyCommand } from '#worker-runtime/command'
import type { WorkerDefinition } from '#worker-runtime/worker'

/** A command whose types are those of a contract. */
export type CommandOf<C extends Contract> = Omit<AnyCommand, 'input' | 'output'> & Pick<C, 'input' | 'output'>

/**
 * The command of a worker that answers a contract, for modules that export their worker only. With a bare name it is
 * the newest version, and has no types.
 *
 * @example const run = await testCommand(commandOf(worker, orderConfirm), order)
 */
export function commandOf<C extends Contract>(worker: WorkerDefinition, contract: C): CommandOf<C>
export function commandOf(worker: WorkerDefinition, name: string): AnyCommand
export function commandOf(worker: WorkerDefinition, wanted: string | Contract): AnyCommand {
  const { name, version } = typeof wanted === 'string' ? { name: wanted, version: undefined } : wanted
  const [found] = worker.commands
    .filter((command) => command.name === name && (version === undefined || command.version === version))
    .sort((a, b) => b.version - a.version)
  if (found !== undefined) return found
  const names = worker.commands.map((command) => `${command.name}@${command.version}`).join(', ')
  throw new TypeError(
    `Worker ${worker.name} has no command ${name}${version === undefined ? '' : `@${version}`}: ${names}`,
  )
}
