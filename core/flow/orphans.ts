import type { Head } from '../head.ts'
import { decide } from '../lifecycle.ts'
import { move, readHead } from '../tasks/move.ts'
import type { World } from '../world.ts'
import { type Children, childId, readChildren } from './children.ts'
import { inChunks } from './list-all.ts'

/**
 * What the end of a task means for its sub tasks (protocol 21, 28, 31): the open ones are canceled, or go on by
 * themselves where they were detached; the ended ones get the end of their retention.
 */

const movesAtOnce = 50

/** One sub task whose parent is not there any more, or goes: it is told, once. `standing` is that parent, if it is. */
export async function orphanChild(
  world: World,
  taskId: string,
  parent: Pick<Head, 'id' | 'born'>,
  standing: Head | undefined,
): Promise<void> {
  const writer = world.ids.token()
  const isThere = standing?.born === parent.born
  const keptUntil = isThere ? (standing.stoppedAt ?? world.clock.now()) + standing.retentionSeconds * 1_000 : 0
  await move(world, {
    taskId,
    writer,
    decide: (head) =>
      head.flow?.parent?.id === parent.id && head.flow.parent.born === parent.born
        ? decide(head, { kind: 'orphan', now: world.clock.now(), writer, keptUntil })
        : { kind: 'refused', reason: 'not-owner' },
  })
}

/** Tells all sub tasks of a task that has ended, then notes that it has: a crash between repeats it, to no harm. */
export async function payDebt(world: World, head: Head): Promise<void> {
  for (const children of await readChildren(world, head)) {
    await inChunks(idsEver(world, head, children), movesAtOnce, (id) => orphanChild(world, id, head, head))
  }
  const writer = world.ids.token()
  await move(world, {
    taskId: head.id,
    writer,
    known: head,
    decide: (current) =>
      current.born === head.born && current.flow?.owes === true
        ? decide(current, { kind: 'pay', now: world.clock.now(), writer })
        : { kind: 'refused', reason: 'not-over' },
  })
}

/** Also those that a retry of the parent has put others in the place of. */
function idsEver(world: World, head: Head, children: Children): readonly string[] {
  return Array.from({ length: children.count }, (_, index) => index).flatMap((index) => {
    const attempt = children.attempts[index] ?? 0
    const at = (each: number) => childId(world, head, { ...children, attempts: { [index]: each } }, index)
    return attempt === 0 ? [at(0)] : Array.from({ length: attempt + 1 }, (_, each) => at(each))
  })
}

/**
 * A task that was begun anew by hand may ask again for what its sub tasks gave: those that succeeded are kept for it, as
 * before its end. (What failed is begun anew where it is waited for again.)
 */
export async function keepChildren(world: World, head: Head): Promise<void> {
  for (const children of await readChildren(world, head)) {
    await inChunks(idsEver(world, head, children), movesAtOnce, async (taskId) => {
      const writer = world.ids.token()
      await move(world, {
        taskId,
        writer,
        decide: (current) =>
          current.status === 'succeeded' && current.flow?.parent?.isOver === true
            ? decide(current, { kind: 'rejoin', now: world.clock.now(), writer, by: head.id, era: children.era })
            : { kind: 'refused', reason: 'not-over' },
      })
    })
  }
}

/** Whether a task that has sub tasks is in the middle of them: they must find it. */
export async function hasOpenParent(world: World, { flow }: Head): Promise<boolean> {
  const parent = flow?.parent
  if (parent === undefined || parent.isOver === true) return false
  const standing = await readHead(world, parent.id)
  return standing?.born === parent.born
}
