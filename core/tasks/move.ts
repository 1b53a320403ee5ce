import type { Decision, RefusalReason } from '../events.ts'
import { type Head, readyAt } from '../head.ts'
import { headKey } from '../keys.ts'
import { bellFor, headItem, headOf } from '../layout.ts'
import type { Write } from '../ports.ts'
import type { World } from '../world.ts'

/** One head is never written by so many at once; more means that something is wrong with the store. */
const conflictsMost = 20

export type MoveOutcome =
  | { readonly kind: 'moved'; readonly head: Head; readonly holdMs?: number | undefined }
  | { readonly kind: 'refused'; readonly reason: RefusalReason; readonly head: Head }
  | { readonly kind: 'absent' }

export interface Move {
  readonly taskId: string
  /** The same for every repeat of this one move, different from every other's (protocol 4). */
  readonly writer: string
  /** The last head the caller saw: spares the read, and is only as good as its version. */
  readonly known?: Head | undefined
  /** Called again with the current head after each conflict. */
  readonly decide: (head: Head) => Decision
  /** Items to be written before the head of this decision. */
  readonly before?: ((head: Head) => readonly Write[]) | undefined
}

/**
 * Decide, then one conditional write; on conflict the store hands back the current item and the decision is made again
 * (design decision 2). A conflict with our own token is a lost answer: the move has happened.
 */
export async function move(world: World, ask: Move): Promise<MoveOutcome> {
  let head = ask.known ?? (await readHead(world, ask.taskId))
  for (let conflicts = 0; conflicts < conflictsMost; conflicts++) {
    if (head === undefined) return { kind: 'absent' }
    if (head.writer === ask.writer) return { kind: 'moved', head, holdMs: echoHoldMs(world, head) }
    const decision = ask.decide(head)
    if (decision.kind === 'refused') return { kind: 'refused', reason: decision.reason, head }
    const { next, bell, holdMs } = decision
    const outcome = await world.store.commit({
      write: { kind: 'put', item: headItem(next), condition: { kind: 'at', born: head.born, n: head.n } },
      before: ask.before?.(head),
      bells: bell === undefined ? undefined : [bellFor(next, bell.delayMs)],
    })
    if (outcome.kind === 'written') return { kind: 'moved', head: next, holdMs }
    head = outcome.current === undefined ? undefined : headOf(outcome.current)
  }
  throw new Error(`task ${ask.taskId}: ${conflictsMost} conflicts in a row`)
}

/** An echo does not say whether its move kept the run's bell: keeping one too many is harmless, deleting one is not. */
function echoHoldMs(world: World, head: Head): number | undefined {
  return head.status === 'queued' ? Math.max(0, readyAt(head) - world.clock.now()) : undefined
}

/** The head as it stands, if there is one that has not passed its retention (protocol 30). */
export async function readHead(world: World, taskId: string): Promise<Head | undefined> {
  const item = await world.store.get(headKey(taskId))
  if (item === undefined) return undefined
  if (item.expiresAt !== undefined && item.expiresAt <= world.clock.now()) return undefined
  return headOf(item)
}
