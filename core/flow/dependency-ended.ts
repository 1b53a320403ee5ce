import { isTerminal } from '../contract/task.ts'
import type { Head } from '../head.ts'
import { headKey, waiterPrefix } from '../keys.ts'
import type { Item } from '../ports.ts'
import { readHead } from '../tasks/move.ts'
import type { World } from '../world.ts'
import { deleteWaiter, isOpenDependent, joinOfDependencies, waiterOf } from './dependency-items.ts'
import { eraOf } from './flow-of.ts'
import { addEnds } from './join.ts'
import { inChunks, listAll } from './list-all.ts'
import { settleDependent } from './settle-dependent.ts'

const endedAtOnce = 20
const dependentsAtOnce = 50

/** An end, as one of those who waited for it is to be told. */
interface Note {
  readonly item: Item
  readonly hasFailed: boolean
}

/**
 * What follows when tasks that others wait for have ended. The ends of one batch are told to each dependent in one go, so
 * that many tasks ending at once cost the one behind them few writes. A note is deleted once its end is in the join.
 */
export async function dependencyEnded(world: World, ended: readonly Head[]): Promise<void> {
  const lists = await inChunks(ended, endedAtOnce, (head) => notesOf(world, head))
  const byDependent = new Map<string, Note[]>()
  for (const note of lists.flat()) {
    const dependent = note.item.sk.slice(waiterPrefix.length)
    const standing = byDependent.get(dependent)
    if (standing === undefined) byDependent.set(dependent, [note])
    else standing.push(note)
  }
  await inChunks([...byDependent], dependentsAtOnce, ([taskId, notes]) => tell(world, taskId, notes))
}

/** The record is a key and no more: what has been begun anew since has not ended (protocol 37). */
async function notesOf(world: World, head: Head): Promise<readonly Note[]> {
  const current = await readHead(world, head.id)
  const seen = current?.born === head.born ? current : head
  if (!isTerminal(seen.status)) return []
  const items = await listAll(world, { pk: headKey(head.id).pk, prefix: waiterPrefix })
  return items.map((item) => ({ item, hasFailed: seen.status !== 'succeeded' }))
}

async function tell(world: World, taskId: string, notes: readonly Note[]): Promise<void> {
  const head = await readHead(world, taskId)
  // Whoever is gone, of another life, or waits no more has no use for it.
  const isMeant = ({ item }: Note) => {
    const { born, era } = waiterOf(item)
    return head !== undefined && isOpenDependent(head) && head.born === born && eraOf(head) === era
  }
  const meant = notes.filter(isMeant)
  if (head !== undefined && meant.length > 0) {
    const placeOf = ({ item }: Note) => waiterOf(item).index
    const failed = meant.filter(({ hasFailed }) => hasFailed).map(placeOf)
    const added = await addEnds(world, joinOfDependencies(head), { ended: meant.map(placeOf), failed })
    if (added.isFull || failed.length > 0) await settleDependent(world, taskId)
  }
  await inChunks(notes, dependentsAtOnce, ({ item }) => deleteWaiter(world, item))
}
