import { spans } from '../contract/limits.ts'
import type { CommitOutcome, Item } from '../ports.ts'
import type { World } from '../world.ts'
import { type Batch, batchOf, deleteParts } from './batch-items.ts'

/** The end of a batch: all its tasks are there, or it was never accepted. */

const closeTriesMost = 10
const forgetAgainMs = 60_000

/** Whoever has pushed it meanwhile has made the same tasks: it is closed all the same. */
export async function closeBatch(world: World, item: Item): Promise<void> {
  const { state } = batchOf(item)
  let standing: Item | undefined = item
  for (let tries = 0; tries < closeTriesMost; tries++) {
    if (standing === undefined || standing.born !== item.born || batchOf(standing).state !== state) return
    const isApart = hasParts(standing)
    // The parts go only when nobody can need them any more, and the index watches until they are gone.
    const closed = closedItem(standing, isApart ? { due: world.clock.now() + forgetAgainMs } : kept(world))
    const outcome: CommitOutcome = await (isApart || hasKey(closed)
      ? replace(world, closed, standing)
      : remove(world, standing))
    if (outcome.kind === 'written') return isApart ? forgetParts(world, closed) : undefined
    standing = outcome.current
  }
  throw new Error(`${item.pk}: changed ${closeTriesMost} times while it was to be closed`)
}

/** Of a batch that is closed. */
export async function forgetParts(world: World, item: Item): Promise<void> {
  await deleteParts(world, item)
  await (hasKey(item) ? replace(world, closedItem(item, kept(world)), item) : remove(world, item))
}

function hasParts(item: Item): boolean {
  const batch = batchOf(item)
  return batch.state === 'preparing' || (batch.state === 'open' && batch.isApart === true)
}

function kept(world: World): { readonly expiresAt: number } {
  return { expiresAt: world.clock.now() + spans.dayMs }
}

/** A request that was never accepted is not held against the next one. */
function closedItem(item: Item, times: { readonly due?: number; readonly expiresAt?: number }): Item {
  const { pk, sk, born, n } = item
  const batch = batchOf(item)
  const requestHash = batch.state === 'preparing' ? undefined : batch.requestHash
  const data: Batch = { state: 'closed', requestHash }
  return { pk, sk, born, n: n + 1, ...times, data }
}

function hasKey(item: Item): boolean {
  return batchOf(item).requestHash !== undefined
}

function replace(world: World, item: Item, { born, n }: Item): Promise<CommitOutcome> {
  return world.store.commit({ write: { kind: 'put', item, condition: { kind: 'at', born, n } } })
}

function remove(world: World, { pk, sk, born, n }: Item): Promise<CommitOutcome> {
  return world.store.commit({ write: { kind: 'delete', key: { pk, sk }, condition: { kind: 'at', born, n } } })
}
