import { batchKey } from '../keys.ts'
import type { Item } from '../ports.ts'
import type { World } from '../world.ts'
import {
  type Batch,
  type BatchPlan,
  batchOf,
  deleteParts,
  openBatchOf,
  portionsOf,
  readBatch,
  replaceItem,
  writeParts,
} from './batch-items.ts'
import { closeBatch, forgetParts } from './close-batch.ts'
import { makeTasks, type Rolled } from './make-batch.ts'

/**
 * A batch whose tasks depend on each other is accepted as a whole by one write (protocol 27). From then on it only goes
 * forward: its creator, a caller who asks again, and the clock all make what is missing, and make the same.
 *
 * 1. `open` is the commit point. All that its tasks are made of stands in it, or in parts that were written before.
 * 2. It has a `due` until all its tasks are there, and no part lies beside it any more.
 * 3. `closed` stays for a day where it has a key: of two callers at once, the second must meet the first's request.
 */
export interface NewBatch extends BatchPlan {
  readonly batchId: string
  /** Present exactly when the ids come from a caller's key. */
  readonly requestHash?: string | undefined
}

/** A caller takes seconds to write the parts; one that has not come back in an hour never will. */
const preparingMs = 3_600_000
const openFirstMs = 60_000
const openMostMs = 3_600_000

/** The open batch, or undefined where another one has taken its place. `over` is what the caller has seen there. */
export async function commitBatch(world: World, plan: NewBatch, over: Item | undefined): Promise<Item | undefined> {
  const { batchId, requestHash, by, commands, tasks } = plan
  const born = world.ids.token()
  const now = world.clock.now()
  const key = { ...batchKey(batchId), born }
  const portions = portionsOf(tasks)
  const open = { state: 'open', requestHash, by, commands, at: now, looks: 0 } as const
  const due = now + openFirstMs
  if (portions.length === 1) {
    const data: Batch = { ...open, tasks }
    return replaceItem(world, { ...key, n: 1, due, data }, over)
  }
  const preparing: Batch = { state: 'preparing', requestHash }
  const first = await replaceItem(world, { ...key, n: 1, due: now + preparingMs, data: preparing }, over)
  if (first === undefined) return undefined
  // One that never came back may have lain there: nobody else knows of its parts.
  if (over !== undefined) await deleteParts(world, over)
  await writeParts(world, { batchId, born }, portions)
  const data: Batch = { ...open, tasks: [], isApart: true }
  const committed = await replaceItem(world, { ...key, n: 2, due, data }, first)
  if (committed === undefined) await deleteParts(world, first)
  return committed
}

/** Makes what is missing of an open batch, and closes it. Answers all its tasks in order. */
export async function finishBatch(
  world: World,
  item: Item,
  { isAgain }: { readonly isAgain: boolean },
): Promise<readonly Rolled[]> {
  const made = await makeTasks(world, { item, batch: openBatchOf(item), isAgain })
  await closeBatch(world, item)
  return made
}

/** What the clock does about a batch that is due. */
export async function rollForward(world: World, batchId: string): Promise<void> {
  const item = await readBatch(world, batchId)
  const now = world.clock.now()
  if (item?.due === undefined || item.due > now) return
  const batch = batchOf(item)
  switch (batch.state) {
    case 'preparing':
      return closeBatch(world, item)
    case 'open': {
      // Pushed first, and only the winner acts (protocol 10).
      const due = now + Math.min(openMostMs, openFirstMs * 2 ** Math.min(batch.looks, 20))
      const data: Batch = { ...batch, looks: batch.looks + 1 }
      const pushed = await replaceItem(world, { ...item, n: item.n + 1, due, data }, item)
      if (pushed !== undefined) await finishBatch(world, pushed, { isAgain: true })
      return
    }
    case 'closed':
      return forgetParts(world, item)
    default:
      return batch satisfies never
  }
}
