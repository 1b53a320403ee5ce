import { isTerminal } from '../contract/task.ts'
import type { Head } from '../head.ts'
import { decide } from '../lifecycle.ts'
import { move, readHead } from '../tasks/move.ts'
import type { World } from '../world.ts'
import { type Children, childId, readChildren } from './children.ts'
import { isKeptByParent, retentionEnd } from './flow-of.ts'
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
  const keptUntil = standing?.born === parent.born ? keptUntilOf(world, standing) : 0
  await move(world, {
    taskId,
    writer,
    decide: (head) =>
      head.flow?.parent?.id === parent.id && head.flow.parent.born === parent.born
        ? decide(head, { kind: 'orphan', now: world.clock.now(), writer, keptUntil })
        : { kind: 'refused', reason: 'not-owner' },
  })
}

/**
 * Undefined while somebody above may begin it anew, or it still undoes what it did: then it has no end of its retention
 * yet, and may ask for what its sub tasks gave.
 */
function keptUntilOf(world: World, parent: Head): number | undefined {
  return !isTerminal(parent.status) || isKeptByParent(parent)
    ? undefined
    : retentionEnd(parent, parent.stoppedAt ?? world.clock.now())
}

/** Tells all sub tasks of a task that has ended, then notes that it has: a crash between repeats it, to no harm. */
export async function payDebt(world: World, taskId: string): Promise<void> {
  // A record told again may be of an end that a retry has undone since (protocol 37).
  const head = await readHead(world, taskId)
  if (head?.flow?.owes !== true) return
  const all = await readChildren(world, head)
  for (const children of all) {
    await inChunks(idsEver(world, head, children), movesAtOnce, (id) => orphanChild(world, id, head, head))
  }
  const told = { hasChildren: all.length > 0, isKept: isKeptByParent(head) }
  const writer = world.ids.token()
  const paid = await move(world, {
    taskId,
    writer,
    known: head,
    decide: (current) =>
      current.born === head.born && current.flow?.owes === true
        ? decide(current, { kind: 'pay', now: world.clock.now(), writer, ...told })
        : { kind: 'refused', reason: 'not-over' },
  })
  // Paid by somebody else meanwhile, and begun anew: what was told here last is taken back.
  const isAnew = paid.kind === 'refused' && paid.head.born === head.born && !isTerminal(paid.head.status)
  if (isAnew) await keepChildren(world, paid.head)
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
 * A task that was begun anew by hand may ask again for its sub tasks: they are kept for it, as before its end, also those
 * that go on. (What failed is begun anew where it is waited for again.) Then a look whether it has ended once more.
 */
export async function keepChildren(world: World, head: Head): Promise<void> {
  for (const children of await readChildren(world, head)) {
    const ids = idsEver(world, head, children)
    await inChunks(ids, movesAtOnce, async (taskId) => {
      const writer = world.ids.token()
      await move(world, {
        taskId,
        writer,
        decide: (current) => {
          const parent = current.flow?.parent
          if (parent?.isOver !== true) return { kind: 'refused', reason: 'not-over' }
          // In the era it is of: that of today counts only those that are asked for today.
          const at = { now: world.clock.now(), writer, by: head.id, era: parent.era }
          return decide(current, { kind: 'rejoin', ...at, isOnlyKept: true })
        },
      })
    })
    const standing = await readHead(world, head.id)
    if (standing === undefined || standing.born !== head.born || isTerminal(standing.status)) {
      await inChunks(ids, movesAtOnce, (id) => orphanChild(world, id, head, standing))
    }
  }
}

/** Whether a task that has sub tasks is in the middle of them: they must find it. */
export async function hasOpenParent(world: World, { flow }: Head): Promise<boolean> {
  const parent = flow?.parent
  if (parent === undefined || parent.isOver === true) return false
  const standing = await readHead(world, parent.id)
  return standing?.born === parent.born
}
