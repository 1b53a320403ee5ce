import type { Head } from '../head.ts'
import type { Flow } from './flow.ts'

/** Questions about the workflow of a head, asked in several places. */

/** Whether its parent may still need it: then it has no retention of its own yet (protocol 31). */
export function isKeptByParent({ flow }: Head): boolean {
  return flow?.parent !== undefined && flow.parent.isOver !== true
}

/**
 * The debt of a task that somebody else ends: whether it has sub tasks only a look can tell (protocol 28). What never
 * ran has none.
 */
export function owesItsEnd(head: Head): { readonly flow?: Flow } {
  return head.runCount === 0 ? {} : { flow: { ...head.flow, owes: true } }
}

/** The same of a run that ends itself: it knows of its own, and was told of those of earlier ones (core/flow/replay.ts). */
export function owesByRun(head: Head, children: true | undefined): { readonly flow?: Flow } {
  return children === true ? { flow: { ...head.flow, owes: true } } : {}
}

/** When the retention of a task that has ended is over: not before that of the task which may ask for its result. */
export function retentionEnd(head: Pick<Head, 'retentionSeconds' | 'flow'>, stoppedAt: number): number {
  return Math.max(stoppedAt + head.retentionSeconds * 1_000, head.flow?.parent?.keptUntil ?? 0)
}

export function eraOf({ flow }: Head): number {
  return flow?.era ?? 0
}
