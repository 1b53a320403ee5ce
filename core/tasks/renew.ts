import type { ProgressAt } from '../events.ts'
import type { Head } from '../head.ts'
import { decide } from '../lifecycle.ts'
import type { World } from '../world.ts'
import { type MoveOutcome, move } from './move.ts'

export interface RenewAsk {
  readonly taskId: string
  readonly run: string
  readonly progress?: ProgressAt | undefined
  /** Names this one renewal among those of the run: a nonce of the message that brings it. */
  readonly nonce: string
  readonly known?: Head | undefined
}

/**
 * Extends the lease, with the newest progress if there is one. After the first renewal the due index guards the run:
 * the caller deletes the bell only once this has answered (protocol 12).
 */
export function renewRun(world: World, ask: RenewAsk): Promise<MoveOutcome> {
  const writer = `${ask.run}.${ask.nonce}`
  return move(world, {
    taskId: ask.taskId,
    writer,
    known: ask.known,
    decide: (head) =>
      decide(head, { kind: 'renew', now: world.clock.now(), writer, run: ask.run, progress: ask.progress }),
  })
}

/** A run whose instance is known to be dead is lost at once, without waiting for its lease. */
export function loseRun(
  world: World,
  ask: { readonly taskId: string; readonly run: string; readonly why: string },
): Promise<MoveOutcome> {
  const writer = `${ask.run}.lost`
  return move(world, {
    taskId: ask.taskId,
    writer,
    decide: (head) => {
      if (head.run?.id !== ask.run) return { kind: 'refused', reason: 'not-owner' }
      const now = world.clock.now()
      return decide(head, { kind: 'lose', now, writer, seesSince: 0, certain: ask.why, chance: world.chance() })
    },
  })
}
