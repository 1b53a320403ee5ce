import { headSk } from '#core/keys'
import type { Item, ListRange, Page } from '#core/ports'
import { isWithin } from '../memory/table.ts'
import { type Databases, decodeItem } from './databases.ts'

/** Sorts behind every sort key there is: keys are of printable ASCII. */
const end = '\u007f'

/** One partition in order of its sort keys. A task's head lies in its own database and is merged in where it belongs. */
export function listItems(
  databases: Databases,
  range: ListRange,
  headOfPartition: (pk: string) => Item | undefined,
): Page {
  const { pk, limit } = range
  const backwards = range.backwards === true
  const low = lowest(range)
  const high = highest(range)
  const bounds = backwards
    ? { start: `${pk} ${high}`, end: `${pk} ${low}` }
    : { start: `${pk} ${low}`, end: `${pk} ${high}` }
  const items: Item[] = []
  for (const { key, value } of databases.items.getRange({ ...bounds, reverse: backwards, inclusiveEnd: true })) {
    const item = decodeItem(key, value)
    if (isWithin(item.sk, range)) items.push(item)
    if (items.length > limit) break
  }
  const head = pk.startsWith('T#') && isWithin(headSk, range) ? headOfPartition(pk) : undefined
  if (head !== undefined) {
    items.push(head)
    items.sort((a, b) => (a.sk < b.sk === backwards ? 1 : -1))
  }
  if (items.length <= limit) return { items }
  const page = items.slice(0, limit)
  return { items: page, next: page.at(-1)?.sk }
}

function lowest({ prefix, from, after, backwards }: ListRange): string {
  const bounds = [prefix ?? '', from ?? '', backwards === true ? '' : (after ?? '')]
  return bounds.reduce((a, b) => (a > b ? a : b))
}

function highest({ prefix, to, after, backwards }: ListRange): string {
  const bounds = [prefix === undefined ? end : prefix + end, to ?? end, backwards === true ? (after ?? end) : end]
  return bounds.reduce((a, b) => (a < b ? a : b))
}
