import { isTerminal } from '#core/contract/task'
import type { Simulation } from './simulation.ts'

/** How a simulated world ends. */

/** Every task has ended, and nothing that follows from it is left to be done. */
export function isSettled(simulation: Simulation): boolean {
  if (simulation.feedState.cursor < simulation.cloud.table.changes.length) return false
  return [...simulation.heads()].every((head) => isTerminal(head.status) && head.flow?.owes !== true)
}

/** Of a world that has come to rest. */
export function unendedBreach(simulation: Simulation): string | undefined {
  if (simulation.isStormy) return undefined
  const kept = [...simulation.heads()].find(({ expiresAt }) => expiresAt === undefined)
  return kept === undefined ? undefined : `task ${kept.id.slice(-4)} has ended, and is kept for ever`
}

export function stuck(simulation: Simulation): string {
  const open = [...simulation.heads()].filter((head) => !isTerminal(head.status))
  return `stuck: ${open.map((head) => `${head.id.slice(-4)} v${head.n} ${head.status} due ${head.due}`).join(', ')}`
}
