import { isTerminal } from '../contract/task.ts'
import type { PatchFields } from '../events.ts'
import { hasOpenParent, keepChildren } from '../flow/orphans.ts'
import { headKey } from '../keys.ts'
import { headOf } from '../layout.ts'
import { decide } from '../lifecycle.ts'
import type { Principal, World } from '../world.ts'
import { type MoveOutcome, move, readHead } from './move.ts'

/** What people do to a task from outside: cancel, retry, patch, remove. */

interface ByPerson {
  readonly taskId: string
  readonly by: Principal
  /** Of whoever must know his own write again after a crash. */
  readonly writer?: string | undefined
}

/** A task that runs is asked to stop and has a grace time; any other unfinished one is canceled at once. */
export function cancelTask(
  world: World,
  ask: ByPerson & { readonly reason?: string | undefined },
): Promise<MoveOutcome> {
  const writer = ask.writer ?? world.ids.token()
  return move(world, {
    taskId: ask.taskId,
    writer,
    decide: (head) => decide(head, { kind: 'cancel', now: world.clock.now(), writer, by: ask.by, reason: ask.reason }),
  })
}

/** A fresh start for a task that failed, was canceled or expired: its counters begin anew. */
export async function retryTask(
  world: World,
  ask: ByPerson & { readonly reason?: string | undefined },
): Promise<MoveOutcome> {
  const writer = ask.writer ?? world.ids.token()
  const outcome = await move(world, {
    taskId: ask.taskId,
    writer,
    decide: (head) => decide(head, { kind: 'retry', now: world.clock.now(), writer, by: ask.by, reason: ask.reason }),
  })
  // What its sub tasks gave may be asked for again, by whatever step remembers it.
  if (outcome.kind === 'moved' && outcome.head.startedAt !== undefined) await keepChildren(world, outcome.head)
  return outcome
}

export function patchTask(world: World, ask: ByPerson & { readonly fields: PatchFields }): Promise<MoveOutcome> {
  const writer = world.ids.token()
  return move(world, {
    taskId: ask.taskId,
    writer,
    decide: (head) => decide(head, { kind: 'patch', now: world.clock.now(), writer, by: ask.by, fields: ask.fields }),
  })
}

export type RemoveOutcome =
  | { readonly kind: 'removed' }
  | { readonly kind: 'absent' }
  | { readonly kind: 'not-ended' }
  /** Its parent may still ask for its result, or its own sub tasks have yet to be told of its end. */
  | { readonly kind: 'needed' }

/** How often a removal meets somebody else's change of the same task before it gives up. */
const removeTriesMost = 5

/** Removes an ended task now instead of at the end of its retention. The reactor clears what lies beside the head. */
export async function removeTask(world: World, taskId: string): Promise<RemoveOutcome> {
  let head = await readHead(world, taskId)
  if (head === undefined) return { kind: 'absent' }
  for (let tries = 0; tries < removeTriesMost; tries++) {
    if (!isTerminal(head.status)) return { kind: 'not-ended' }
    if (head.flow?.owes === true || (await hasOpenParent(world, head))) return { kind: 'needed' }
    const condition = { kind: 'at', born: head.born, n: head.n } as const
    const outcome = await world.store.commit({ write: { kind: 'delete', key: headKey(taskId), condition } })
    if (outcome.kind === 'written' || outcome.current === undefined) return { kind: 'removed' }
    head = headOf(outcome.current)
  }
  throw new Error(`task ${taskId}: changed ${removeTriesMost} times while it was to be removed`)
}
