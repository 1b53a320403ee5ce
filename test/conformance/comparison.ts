import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { headItem } from '#core/layout'
import type { Condition, Item, ListRange } from '#core/ports'
import { aHead } from '../support/heads.ts'
import type { MakeWorld, StoreWorld } from './world.ts'

/** Two stores are told the same, whatever it is, and must give the same answers. */
export function comparisonSuite(name: string, makeOne: MakeWorld, makeOther: MakeWorld): void {
  describe(`stores compared: ${name}`, () => {
    it('the same operations have the same answers and leave the same items', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(operation, { maxLength: 40 }), async (operations) => {
          const [one, other] = [await makeOne(), await makeOther()]
          try {
            for (const ask of operations) expect(await carryOut(other, ask)).toEqual(await carryOut(one, ask))
            const everything = { kind: 'list', range: { pk: 'W#a', limit: 100 } } as const
            expect(await carryOut(other, everything)).toEqual(await carryOut(one, everything))
          } finally {
            await one.close()
            await other.close()
          }
        }),
        { numRuns: 60 },
      )
    }, 60_000)
  })
}

type Operation =
  | { readonly kind: 'put'; readonly item: Item; readonly condition: Condition; readonly side: Item | undefined }
  | { readonly kind: 'delete'; readonly item: Item; readonly condition: Condition }
  | { readonly kind: 'get'; readonly item: Item }
  | { readonly kind: 'list'; readonly range: ListRange }
  | { readonly kind: 'due'; readonly until: number }
  | { readonly kind: 'add'; readonly item: Item; readonly members: readonly string[] }

const born = fc.constantFrom('b1', 'b2')
const n = fc.integer({ min: 1, max: 3 })
const sk = fc.constantFrom('a1', 'a2', 'b1', 'b2')
const due = fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined })

const plainItem: fc.Arbitrary<Item> = fc.record({ pk: fc.constant('W#a'), sk, born, n, data: fc.jsonValue() })
const someHead: fc.Arbitrary<Item> = fc
  .record({ id: fc.constantFrom('1', '2'), born, n, due, subject: fc.option(fc.string(), { nil: undefined }) })
  .map(({ id, ...changes }) => headItem(aHead({ id: `01KF000000000000000000000${id}`, ...changes })))
const item = fc.oneof(plainItem, someHead)
/** A commit never writes one key twice, so its side items have a place of their own. */
const sideItem = plainItem.map((plain) => ({ ...plain, pk: 'W#b' }))

const condition: fc.Arbitrary<Condition> = fc.oneof(
  fc.constantFrom<Condition>({ kind: 'absent' }, { kind: 'newer' }, { kind: 'any' }),
  fc.record({ kind: fc.constant('at' as const), born, n }),
)

const range: fc.Arbitrary<ListRange> = fc.record({
  pk: fc.constantFrom('W#a', 'W#b', 'T#01KF0000000000000000000001'),
  limit: fc.integer({ min: 1, max: 5 }),
  prefix: fc.option(fc.constantFrom('a', 'b', 'H'), { nil: undefined }),
  after: fc.option(sk, { nil: undefined }),
  from: fc.option(sk, { nil: undefined }),
  to: fc.option(sk, { nil: undefined }),
  backwards: fc.boolean(),
})

const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({ kind: fc.constant('put' as const), item, condition, side: fc.option(sideItem, { nil: undefined }) }),
  fc.record({ kind: fc.constant('put' as const), item, condition, side: fc.constant(undefined) }),
  fc.record({ kind: fc.constant('delete' as const), item, condition }),
  fc.record({ kind: fc.constant('get' as const), item }),
  fc.record({ kind: fc.constant('list' as const), range }),
  fc.record({ kind: fc.constant('due' as const), until: fc.integer({ min: 0, max: 6 }) }),
  fc.record({
    kind: fc.constant('add' as const),
    item: fc.record({ pk: fc.constant('J#j'), sk, born, n, data: fc.constant(null) }),
    members: fc.array(fc.constantFrom('x', 'y', 'z')),
  }),
)

async function carryOut({ store }: StoreWorld, ask: Operation): Promise<unknown> {
  switch (ask.kind) {
    case 'put': {
      const before =
        ask.side === undefined ? [] : [{ kind: 'put', item: ask.side, condition: { kind: 'any' } } as const]
      return store.commit({ write: { kind: 'put', item: ask.item, condition: ask.condition }, before })
    }
    case 'delete':
      return store.commit({ write: { kind: 'delete', key: keyOf(ask.item), condition: ask.condition } })
    case 'get':
      return store.get(keyOf(ask.item))
    case 'list':
      return (await store.list(ask.range)).items
    case 'due':
      // Among those of one moment the order is free.
      return [...(await store.due({ until: ask.until, limit: 10 }))].sort(
        (a, b) => a.due - b.due || (a.pk < b.pk ? -1 : 1),
      )
    case 'add':
      return store.addToSet(keyOf(ask.item), ask.members)
    default:
      return ask satisfies never
  }
}

function keyOf(item: Item): { readonly pk: string; readonly sk: string } {
  return { pk: item.pk, sk: item.sk }
}
