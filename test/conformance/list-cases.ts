import { expect } from 'vitest'
import type { ListRange } from '#core/ports'
import type { Test } from './store-suite.ts'
import { aKey, anItem, put, type StoreWorld } from './world.ts'

/** Lists: one partition, in order of the sort key, in bounded pages. */
export function listCases(test: Test): void {
  const cases: readonly [string, Omit<ListRange, 'pk' | 'limit'> & { limit?: number }, string, boolean][] = [
    ['all of it', {}, 'a1 a2 a3 b1 b2', false],
    ['backwards', { backwards: true }, 'b2 b1 a3 a2 a1', false],
    ['a prefix', { prefix: 'a' }, 'a1 a2 a3', false],
    ['a prefix backwards', { prefix: 'a', backwards: true }, 'a3 a2 a1', false],
    ['from (in) to (out)', { from: 'a2', to: 'b2' }, 'a2 a3 b1', false],
    ['from and to backwards', { from: 'a2', to: 'b2', backwards: true }, 'b1 a3 a2', false],
    ['after a key', { after: 'a2' }, 'a3 b1 b2', false],
    ['after a key that is not there', { after: 'a25' }, 'a3 b1 b2', false],
    ['after a key, backwards', { after: 'a2', backwards: true }, 'a1', false],
    ['after a key within a prefix', { prefix: 'a', after: 'a1' }, 'a2 a3', false],
    ['a limit that cuts', { limit: 2 }, 'a1 a2', true],
    ['a limit that cuts, backwards', { limit: 2, backwards: true }, 'b2 b1', true],
    ['a prefix and a limit that cuts', { prefix: 'a', limit: 2 }, 'a1 a2', true],
    ['a limit as long as the list', { limit: 5 }, 'a1 a2 a3 b1 b2', false],
    ['nothing', { prefix: 'c' }, '', false],
  ]
  for (const [title, range, keys, hasMore] of cases) {
    test(`list: ${title}`, async ({ store }) => {
      const pk = await somePartition(store)
      const page = await store.list({ pk, limit: 100, ...range })
      expect(page.items.map((item) => item.sk).join(' ')).toBe(keys)
      expect(page.items.every((item) => item.pk === pk)).toBe(true)
      // A store may say "perhaps more" after a full page; it never hides that there is more.
      if (hasMore) expect(page.next).toBe(keys.split(' ').at(-1))
      else if (page.next !== undefined) expect(page.items.length).toBe(range.limit)
    })
  }

  test('list: pages follow one another without gap or repeat', async ({ store }) => {
    const pk = await somePartition(store)
    for (const backwards of [false, true]) {
      const seen: string[] = []
      let after: string | undefined
      do {
        const page = await store.list({ pk, limit: 2, backwards, after })
        seen.push(...page.items.map((item) => item.sk))
        after = page.next
      } while (after !== undefined && seen.length < 20)
      expect(seen).toEqual(backwards ? ['b2', 'b1', 'a3', 'a2', 'a1'] : ['a1', 'a2', 'a3', 'b1', 'b2'])
    }
  })

  test('list: an item that was deleted is not there, and one put again is there once', async ({ store }) => {
    const pk = await somePartition(store)
    await store.commit({ write: { kind: 'delete', key: { pk, sk: 'a2' }, condition: { kind: 'any' } } })
    await store.commit(put(anItem({ pk, sk: 'a3' }, { n: 2 }), { kind: 'any' }))
    const page = await store.list({ pk, limit: 100 })
    expect(page.items.map((item) => `${item.sk}:${item.n}`)).toEqual(['a1:1', 'a3:2', 'b1:1', 'b2:1'])
  })
}

async function somePartition(store: StoreWorld['store']): Promise<string> {
  const { pk } = aKey()
  for (const sk of ['b1', 'a2', 'b2', 'a1', 'a3']) await store.commit(put(anItem({ pk, sk }), { kind: 'absent' }))
  // A neighbour whose name begins like this one's.
  await store.commit(put(anItem({ pk: `${pk}0`, sk: 'a1' }), { kind: 'any' }))
  return pk
}
