import { expect } from 'vitest'
import { headKey } from '#core/keys'
import { headItem } from '#core/layout'
import { aHead } from '../support/heads.ts'
import type { Test } from './store-suite.ts'
import { anId, put, type StoreWorld } from './world.ts'

/** The due index: sparse, oldest first, and left only by a write of the head. */
export function dueCases(test: Test): void {
  const base = Date.UTC(2020, 0, 1)

  test('due: what is due by then, oldest first, up to the limit', async ({ store }) => {
    const ids = await Promise.all([30, 10, 20, 40].map((second) => dueAt(store, base + second * 1_000)))
    const until = base + 30_000
    const [third, first, second] = ids
    const mine = async (limit: number) => (await store.due({ until, limit })).map(({ pk, due }) => [pk.slice(2), due])
    expect(await mine(10)).toEqual([
      [first, base + 10_000],
      [second, base + 20_000],
      [third, base + 30_000],
    ])
    expect(await mine(2)).toHaveLength(2)
    await Promise.all(ids.map((id) => clear(store, id)))
    expect(await mine(10)).toEqual([])
  })

  test('due: a head that moves takes its place in the index along', async ({ store }) => {
    const id = await dueAt(store, base + 1_000)
    const later = headItem(aHead({ id, n: 2, due: base + 5_000 }))
    await store.commit(put(later, { kind: 'at', born: 'b1', n: 1 }))
    expect(await store.due({ until: base + 4_999, limit: 10 })).toEqual([])
    expect(await store.due({ until: base + 5_000, limit: 10 })).toMatchObject([{ pk: `T#${id}`, sk: 'HEAD' }])
    // A write that loses its condition moves nothing.
    await store.commit(put(headItem(aHead({ id, n: 2, due: base })), { kind: 'at', born: 'b1', n: 1 }))
    expect(await store.due({ until: base, limit: 10 })).toEqual([])
    await clear(store, id)
  })

  test('due: a head without due and a head that is gone are not in it', async ({ store }) => {
    const [id, gone] = [await dueAt(store, base), await dueAt(store, base)]
    await store.commit(put(headItem(aHead({ id, n: 2 })), { kind: 'at', born: 'b1', n: 1 }))
    await clear(store, gone)
    expect(await store.due({ until: base, limit: 10 })).toEqual([])
    await clear(store, id)
  })
}

async function dueAt(store: StoreWorld['store'], due: number): Promise<string> {
  const id = anId()
  await store.commit(put(headItem(aHead({ id, due })), { kind: 'absent' }))
  return id
}

async function clear(store: StoreWorld['store'], id: string): Promise<void> {
  await store.commit({ write: { kind: 'delete', key: headKey(id), condition: { kind: 'any' } } })
}
