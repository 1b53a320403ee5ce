import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Item } from '#core/ports'
import { dueCases } from './due-cases.ts'
import { feedCases } from './feed-cases.ts'
import { listCases } from './list-cases.ts'
import { aBell, aKey, anId, anItem, type MakeWorld, put, type StoreWorld } from './world.ts'

/** The same behaviour of every store: conditions, conflicts, order of effects, values. */
export function storeSuite(name: string, makeWorld: MakeWorld): void {
  describe(`store: ${name}`, () => {
    let world: StoreWorld
    beforeAll(async () => {
      world = await makeWorld()
    })
    afterAll(() => world.close())
    const test = (title: string, run: (world: StoreWorld) => Promise<void>) => {
      it(title, () => run(world))
    }
    conditionCases(test)
    commitCases(test)
    valueCases(test)
    listCases(test)
    dueCases(test)
    feedCases(test)
  })
}

export type Test = (title: string, run: (world: StoreWorld) => Promise<void>) => void

function conditionCases(test: Test): void {
  test('absent: the first put is written, the second meets the first', async ({ store }) => {
    const first = anItem(aKey())
    expect(await store.commit(put(first, { kind: 'absent' }))).toEqual({ kind: 'written' })
    const second = anItem(first, { born: 'b2', data: { word: 'second' } })
    expect(await store.commit(put(second, { kind: 'absent' }))).toEqual({ kind: 'conflict', current: first })
    expect(await store.get(first)).toEqual(first)
  })

  test('at: only the very version is replaced, and a conflict hands back what stands there', async ({ store }) => {
    const first = anItem(aKey())
    const next = anItem(first, { n: 2, data: { word: 'next' } })
    expect(await store.commit(put(next, { kind: 'at', born: 'b1', n: 1 }))).toEqual({
      kind: 'conflict',
      current: undefined,
    })
    await store.commit(put(first, { kind: 'absent' }))
    for (const stale of [
      { born: 'b1', n: 0 },
      { born: 'b0', n: 1 },
    ]) {
      expect(await store.commit(put(next, { kind: 'at', ...stale }))).toEqual({ kind: 'conflict', current: first })
    }
    expect(await store.commit(put(next, { kind: 'at', born: 'b1', n: 1 }))).toEqual({ kind: 'written' })
    expect(await store.get(first)).toEqual(next)
  })

  test('newer: an older write never replaces a newer one, across births too', async ({ store }) => {
    const key = aKey()
    const versions = [
      ['b1', 2],
      ['b1', 1],
      ['b1', 2],
      ['b1', 3],
      ['b0', 9],
      ['b2', 1],
    ] as const
    const kinds: string[] = []
    for (const [born, n] of versions) {
      kinds.push((await store.commit(put(anItem(key, { born, n }), { kind: 'newer' }))).kind)
    }
    expect(kinds).toEqual(['written', 'conflict', 'conflict', 'written', 'conflict', 'written'])
    expect(await store.get(key)).toMatchObject({ born: 'b2', n: 1 })
  })

  test('any: written over whatever is there', async ({ store }) => {
    const key = aKey()
    await store.commit(put(anItem(key, { n: 7 }), { kind: 'any' }))
    await store.commit(put(anItem(key, { n: 3 }), { kind: 'any' }))
    expect(await store.get(key)).toMatchObject({ n: 3 })
  })

  test('delete: at a version, and of nothing', async ({ store }) => {
    const item = anItem(aKey())
    const { pk, sk } = item
    const at = (n: number) =>
      ({ write: { kind: 'delete', key: { pk, sk }, condition: { kind: 'at', born: 'b1', n } } }) as const
    expect((await store.commit(at(1))).kind).toBe('conflict')
    await store.commit(put(item, { kind: 'absent' }))
    expect(await store.commit(at(2))).toEqual({ kind: 'conflict', current: item })
    expect(await store.commit(at(1))).toEqual({ kind: 'written' })
    expect(await store.get(item)).toBeUndefined()
    const any = { write: { kind: 'delete', key: { pk, sk }, condition: { kind: 'any' } } } as const
    expect(await store.commit(any)).toEqual({ kind: 'written' })
  })
}

function commitCases(test: Test): void {
  test('a lost condition leaves nothing behind, or only what goes before a write (protocol 7, 8)', async (world) => {
    const { store, queue } = world
    const [key, side] = [aKey(), aKey()]
    await store.commit(put(anItem(key), { kind: 'absent' }))
    const before = [{ kind: 'put', item: anItem(side), condition: { kind: 'any' } }] as const
    const bells = [aBell(anId(), { worker: 'lost' })]
    expect((await store.commit(put(anItem(key), { kind: 'absent' }, { before, bells }))).kind).toBe('conflict')
    const isInSteps = world.isInSteps === true
    expect(await store.get(side)).toEqual(isInSteps ? anItem(side) : undefined)
    expect(await queue.depth('lost')).toEqual({ visible: isInSteps ? 1 : 0, delayed: 0, held: 0 })
    expect(await store.get(key)).toEqual(anItem(key))
  })

  test('a commit writes its side items, its item and its bells', async ({ store, queue }) => {
    const [key, side] = [aKey(), aKey()]
    const before = [{ kind: 'put', item: anItem(side), condition: { kind: 'any' } }] as const
    const bell = aBell(anId(), { worker: 'won', copy: { deep: [1] } })
    await store.commit(put(anItem(key), { kind: 'absent' }, { before, bells: [bell] }))
    expect(await store.get(side)).toEqual(anItem(side))
    const [received] = await queue.receive({ worker: 'won', max: 5, holdMs: 60_000, waitMs: 0 })
    expect(received?.bell).toEqual(bell)
  })

  test('of 200 writers of one version exactly one wins, for ten versions', async ({ store }) => {
    const key = aKey()
    await store.commit(put(anItem(key), { kind: 'absent' }))
    for (let n = 1; n <= 10; n++) {
      const outcomes = await Promise.all(
        Array.from({ length: 200 }, (_, writer) =>
          store.commit(put(anItem(key, { n: n + 1, data: { writer } }), { kind: 'at', born: 'b1', n })),
        ),
      )
      const winners = outcomes.flatMap((outcome, writer) => (outcome.kind === 'written' ? [writer] : []))
      expect(winners).toHaveLength(1)
      const standing = anItem(key, { n: n + 1, data: { writer: winners[0] } })
      expect(await store.get(key)).toEqual(standing)
      for (const outcome of outcomes) if (outcome.kind === 'conflict') expect(outcome.current).toEqual(standing)
    }
  })

  test('addToSet: a union, whatever comes twice or at once', async ({ store }) => {
    const key = aKey()
    expect(await store.addToSet(key, ['a', 'b'])).toBe(2)
    expect(await store.addToSet(key, ['b'])).toBe(2)
    const sizes = await Promise.all(Array.from({ length: 40 }, (_, index) => store.addToSet(key, [`m${index % 20}`])))
    expect(Math.max(...sizes)).toBe(22)
    expect(await store.addToSet(key, [])).toBe(22)
  })
}

function valueCases(test: Test): void {
  test('values come back as JSON has them', async ({ store }) => {
    const data = {
      text: 'naïve — 日本語 🦊 \u0000 \u2028 "quoted"\\',
      numbers: [0, -1.5, 9_007_199_254_740_991, 1e-7],
      deep: { a: [{ b: { c: [[], {}, null, true, false, ''] } }] },
      'key with. $ and #': 1,
    }
    const item = anItem(aKey(), { data, due: 1_900_000_000_000, expiresAt: 1_900_000_000_001 })
    await store.commit(put(item, { kind: 'absent' }))
    expect(await store.get(item)).toStrictEqual(item)
  })

  test('undefined fields are not kept', async ({ store }) => {
    const item = anItem(aKey(), { due: undefined, expiresAt: undefined, data: { here: 1, gone: undefined } })
    await store.commit(put(item, { kind: 'absent' }))
    const back = await store.get(item)
    expect(Object.keys(back?.data ?? {})).toEqual(['here'])
    expect(back?.due).toBeUndefined()
  })

  test('what a caller does to its objects afterwards does not reach the store', async ({ store }) => {
    const data = { list: [1] }
    const item: Item = anItem(aKey(), { data })
    await store.commit(put(item, { kind: 'absent' }))
    data.list.push(2)
    expect((await store.get(item))?.data).toEqual({ list: [1] })
  })
}
