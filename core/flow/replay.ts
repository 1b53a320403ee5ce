import type { StepRecord } from '../contract/steps.ts'
import type { Head } from '../head.ts'
import type { World } from '../world.ts'
import { readChildren } from './children.ts'
import { eraOf } from './flow-of.ts'
import { readRemembered, recordOf, recordOfWait } from './remembered.ts'
import { resolveAll } from './suspend-run.ts'

/** What a new run of a task is told of the earlier ones. */
export interface Replay {
  readonly steps?: StepRecord[]
  readonly era?: number
  readonly born?: string
  /** There are sub tasks, also such as a run made that broke off before it could remember them as a step. */
  readonly children?: true
}

/**
 * Waits that are over by now become steps here, once and for all, whoever reads it (protocol 23). A first run has
 * nothing to remember, and is spared the look.
 */
export async function readReplay(world: World, head: Head): Promise<Replay> {
  const era = eraOf(head)
  if (head.runCount <= 1 && era === 0) return {}
  const [{ steps, waits }, made] = await Promise.all([readRemembered(world, head), readChildren(world, head)])
  if (steps.length + waits.length + made.length === 0 && era === 0) return {}
  const resolved = await resolveAll(world, head, waits)
  const over = new Set(resolved.map(({ id }) => id))
  const open = waits.filter(({ wait }) => !over.has(wait.id))
  const records = [...[...steps, ...resolved].map(recordOf), ...open.map(recordOfWait)]
  return { steps: records, era, born: head.born, ...(made.length === 0 ? {} : { children: true }) }
}
