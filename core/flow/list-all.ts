import type { Item } from '../ports.ts'
import type { World } from '../world.ts'

const pageMost = 1_000
const pagesMost = 100

/** All items of a partition with that prefix: as many as belong to one task. */
export async function listAll(
  world: World,
  { pk, prefix }: { readonly pk: string; readonly prefix?: string },
): Promise<readonly Item[]> {
  const items: Item[] = []
  let after: string | undefined
  for (let pages = 0; pages < pagesMost; pages++) {
    const page = await world.store.list({ pk, prefix, after, limit: pageMost })
    items.push(...page.items)
    after = page.next
    if (after === undefined) return items
  }
  throw new Error(`${pk}: more than ${pagesMost * pageMost} items`)
}

/** Does something for each, so many at a time: what a store and its network take without queueing. */
export async function inChunks<T, R>(
  all: readonly T[],
  size: number,
  work: (one: T) => Promise<R>,
): Promise<readonly R[]> {
  const results: R[] = []
  for (let from = 0; from < all.length; from += size) {
    results.push(...(await Promise.all(all.slice(from, from + size).map(work))))
  }
  return results
}
