import { spans } from '../contract/limits.ts'
import type { Head } from '../head.ts'
import { decide } from '../lifecycle.ts'
import { move } from '../tasks/move.ts'
import type { World } from '../world.ts'
import type { WatchKind } from './watched.ts'

export interface MarkAsk {
  readonly taskId: string
  readonly by: readonly WatchKind[]
  /** Until when the mark must hold at least. */
  readonly needed: number
  readonly known?: Head | undefined
}

/**
 * Marks an open task as watched. What the answer shows is the head as it stands after that: every later write of it is
 * followed up for its watchers. One that has ended is not marked.
 *
 * @returns undefined: there is no such task
 */
export async function markWatched(world: World, { taskId, by, needed, known }: MarkAsk): Promise<Head | undefined> {
  const writer = world.ids.token()
  const outcome = await move(world, {
    taskId,
    writer,
    known,
    decide: (head) => {
      const now = world.clock.now()
      return decide(head, { kind: 'watch', now, writer, by, needed, until: Math.max(needed, now + spans.watchMarkMs) })
    },
  })
  return outcome.kind === 'absent' ? undefined : outcome.head
}
