import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDynamoClient } from '#adapters/dynamodb/client'
import { openDynamoStore } from '#adapters/dynamodb/store'
import { ApiError } from '#core/contract/errors'
import { headItem } from '#core/layout'
import { decide } from '#core/lifecycle'
import type { Bell, Store } from '#core/ports'
import { move } from '#core/tasks/move'
import { aBell, aKey, anId, anItem, put } from '../../conformance/world.ts'
import { awayFaults, type Fault, type FaultOf, refused, spoil, type Try } from '../../support/aws-faults.ts'
import { type DynamoEngine, startDynamo, whyNoDynamo } from '../../support/engines/dynamodb-local.ts'
import { aHead } from '../../support/heads.ts'
import { createMemoryWorld } from '../../support/memory-world.ts'

/** What the store makes of a table that is slow, refuses, or answers too late: right, or `unavailable`, and nothing in between. */

describe.skipIf(whyNoDynamo() !== undefined)('the store when AWS fails', () => {
  let engine: DynamoEngine
  let table: string
  beforeAll(async () => {
    engine = await startDynamo()
    table = (await engine.makeTable()).name
  }, 60_000)
  afterAll(() => engine[Symbol.asyncDispose]())

  interface Spoiled {
    readonly store: Store
    readonly tries: readonly Try[]
    readonly sent: (readonly Bell[])[]
    readonly clock: { nowMs: number }
  }

  function spoiled(faultOf: FaultOf, sendBells: () => Promise<void> = async () => undefined): Spoiled {
    const client = createDynamoClient(engine.settings)
    const tries = spoil(client, faultOf)
    const sent: (readonly Bell[])[] = []
    const clock = { nowMs: 0 }
    const send = async (bells: readonly Bell[]) => {
      sent.push(bells)
      await sendBells()
    }
    const monotonicMs = () => clock.nowMs
    return { store: openDynamoStore({ client, table, sendBells: send, dueShards: 2, monotonicMs }), tries, sent, clock }
  }

  const calls: Readonly<Record<string, (store: Store) => Promise<unknown>>> = {
    get: (store) => store.get(aKey()),
    list: (store) => store.list({ pk: aKey().pk, limit: 5 }),
    due: (store) => store.due({ until: 1, limit: 5 }),
    put: (store) => store.commit(put(anItem(aKey()), { kind: 'absent' })),
    delete: (store) => store.commit({ write: { kind: 'delete', key: aKey(), condition: { kind: 'any' } } }),
    addToSet: (store) => store.addToSet(aKey(), ['a']),
  }

  describe.each(Object.entries(calls))('%s', (name, call) => {
    it.each(Object.entries(awayFaults))('%s once: tried again, and right', async (_fault, fault) => {
      const fine = await call(spoiled(() => undefined).store)
      const { store, tries } = spoiled((_command, count) => (count === 0 ? fault : undefined))
      expect(await call(store)).toEqual(fine)
      expect(tries.length).toBeGreaterThan(1)
    })

    it('an answer lost behind its effect: right all the same, or what was written is told as a conflict', async () => {
      const fine = await call(spoiled(() => undefined).store)
      const { store, tries } = spoiled((_command, count) => (count === 0 ? { kind: 'lost-answer' } : undefined))
      const answer = await call(store)
      if (name === 'put') expect(answer).toMatchObject({ kind: 'conflict', current: { born: 'b1', n: 1 } })
      else expect(answer).toEqual(fine)
      expect(tries.length).toBeGreaterThan(1)
    })

    it('away for ever: unavailable after a few tries, with the cause for the log', async () => {
      const { store, tries } = spoiled(() => awayFaults['not available'])
      const failed = await call(store).catch((error: unknown) => error)
      expect(failed).toBeInstanceOf(ApiError)
      expect(failed).toMatchObject({ code: 'unavailable', cause: { name: 'ServiceUnavailable' } })
      // Two shards of the index are asked beside each other.
      expect(tries.length).toBeLessThanOrEqual(8)
    })
  })

  it.each(['throttled', 'broken inside'])(
    '%s for ever: a commit is unavailable, and nothing stands there',
    async (fault) => {
      const item = anItem(aKey())
      const { store } = spoiled((command) => (command === 'PutItem' ? awayFaults[fault] : undefined))
      await expect(store.commit(put(item, { kind: 'absent' }))).rejects.toMatchObject({ code: 'unavailable' })
      expect(await store.get(item)).toBeUndefined()
    },
  )

  it('a side item that cannot be written keeps the head from being written', async () => {
    const side = { kind: 'put', item: anItem(aKey()), condition: { kind: 'any' } } as const
    const item = anItem(aKey())
    const { store } = spoiled((command, _count, { Item }) =>
      command === 'PutItem' && (Item as { pk: { S: string } }).pk.S === side.item.pk
        ? awayFaults['not available']
        : undefined,
    )
    await expect(store.commit(put(item, { kind: 'absent' }, { before: [side] }))).rejects.toMatchObject({
      code: 'unavailable',
    })
    expect(await store.get(item)).toBeUndefined()
  })

  it('a write that meets a transaction over its item is unavailable, not lost (no emulator says so)', async () => {
    const { store } = spoiled(() => refused('TransactionConflictException', 400))
    await expect(store.commit(put(anItem(aKey()), { kind: 'absent' }))).rejects.toMatchObject({ code: 'unavailable' })
  })

  const lostOnce: FaultOf = (_command, count) => (count === 0 ? { kind: 'lost-answer' } : undefined)

  it('a put whose answer was lost is told as a conflict with what it wrote itself (protocol 4)', async () => {
    const { store } = spoiled(lostOnce)
    const item = anItem(aKey())
    expect(await store.commit(put(item, { kind: 'absent' }))).toEqual({ kind: 'conflict', current: item })
  })

  it('a move whose answer was lost is known for its own and not made twice', async () => {
    const head = aHead({ id: anId(), worker: 'lost' })
    await spoiled(() => undefined).store.commit(put(headItem(head), { kind: 'absent' }))
    const { store } = spoiled((command, count) =>
      command === 'PutItem' && count === 0 ? { kind: 'lost-answer' } : undefined,
    )
    const world = { ...createMemoryWorld(), store }
    const at = { writer: 'w2', now: world.clock.now() }
    const moved = await move(world, {
      taskId: head.id,
      writer: 'w2',
      decide: (current) => decide(current, { kind: 'cancel', by: 'ann', ...at }),
    })
    expect(moved).toMatchObject({ kind: 'moved', head: { n: 2, status: 'canceled' } })
    expect(await store.get(headItem(head))).toMatchObject({ n: 2 })
  })

  it('a set to which members were added twice has them once', async () => {
    const { store } = spoiled(lostOnce)
    expect(await store.addToSet(aKey(), ['a', 'b'])).toBe(2)
  })

  it('bells go out before the write, and nothing is written when they cannot', async () => {
    const item = anItem(aKey())
    const { store, tries } = spoiled(
      () => undefined,
      async () => {
        throw new ApiError('unavailable', 'no queue')
      },
    )
    const bells = [aBell(anId())]
    await expect(store.commit(put(item, { kind: 'absent' }, { bells }))).rejects.toMatchObject({ code: 'unavailable' })
    expect(tries).toHaveLength(0)
  })

  it('bells that went out more than 30 s ago go out again before the write (protocol 8)', async () => {
    const side = { kind: 'put', item: anItem(aKey()), condition: { kind: 'any' } } as const
    const commit = put(anItem(aKey()), { kind: 'absent' }, { before: [side], bells: [aBell(anId())] })
    for (const [tookMs, times] of [
      [29_000, 1],
      [31_000, 2],
    ] as const) {
      let hub: Spoiled | undefined
      const slow: FaultOf = (command, count) => {
        if (command === 'PutItem' && count === 0 && hub !== undefined) hub.clock.nowMs += tookMs
        return undefined
      }
      hub = spoiled(slow)
      await hub.store.commit(commit)
      expect(hub.sent).toHaveLength(times)
    }
  })

  it('a table that is not there is said by the name of the setting', async () => {
    const { client } = engine
    const store = openDynamoStore({
      ...{ client, table: 'nowhere', dueShards: 2 },
      sendBells: async () => undefined,
      monotonicMs: () => 0,
    })
    await expect(store.get(aKey())).rejects.toThrow(/TASKURAI_TABLE/)
  })

  it('near 400 KB an item is kept whole; above, it is refused as too large and nothing is kept', async () => {
    const { store } = spoiled(() => undefined)
    const most = anItem(aKey(), { data: 'x'.repeat(409_000) })
    expect(await store.commit(put(most, { kind: 'absent' }))).toEqual({ kind: 'written' })
    expect(await store.get(most)).toEqual(most)
    const more = anItem(aKey(), { data: 'x'.repeat(410_000) })
    await expect(store.commit(put(more, { kind: 'absent' }))).rejects.toMatchObject({ code: 'too-large' })
    expect(await store.get(more)).toBeUndefined()
  })

  it('what cannot be written for its size is refused before anything else goes out', async () => {
    const { store, sent, tries } = spoiled(() => undefined)
    const side = { kind: 'put', item: anItem(aKey()), condition: { kind: 'any' } } as const
    const more = anItem(aKey(), { data: 'ä'.repeat(205_000) })
    const commit = put(more, { kind: 'absent' }, { before: [side], bells: [aBell(anId())] })
    await expect(store.commit(commit)).rejects.toMatchObject({ code: 'too-large' })
    expect([sent, tries]).toEqual([[], []])
  })

  it('a set that grows beyond 400 KB is refused as too large, and stays as it was', async () => {
    const { store } = spoiled(() => undefined)
    const key = aKey()
    const members = (from: number) => Array.from({ length: 30 }, (_, index) => `${from + index}-${'x'.repeat(9_000)}`)
    await store.addToSet(key, members(0))
    await expect(store.addToSet(key, members(30))).rejects.toMatchObject({ code: 'too-large' })
    expect(await store.addToSet(key, [])).toBe(30)
  })

  it('a list longer than one answer of 1 MB comes whole, in its order', async () => {
    const { store } = spoiled(() => undefined)
    const { pk } = aKey()
    const sks = Array.from({ length: 6 }, (_, index) => `s${index}`)
    for (const sk of sks) await store.commit(put(anItem({ pk, sk }, { data: 'x'.repeat(300_000) }), { kind: 'any' }))
    const page = await store.list({ pk, limit: 10 })
    expect(page.items.map(({ sk }) => sk)).toEqual(sks)
    expect(page.next).toBeUndefined()
    const back = await store.list({ pk, limit: 5, backwards: true })
    expect(back.items.map(({ sk }) => sk)).toEqual(sks.toReversed().slice(0, 5))
    expect(back.next).toBe('s1')
  })

  it('what AWS refuses for good is no matter of trying again', async () => {
    const denied: Fault = refused('AccessDeniedException', 400)
    const { store, tries } = spoiled(() => denied)
    const failed = await store.get(aKey()).catch((error: unknown) => error)
    expect(failed).toMatchObject({ name: 'AccessDeniedException' })
    expect(tries).toHaveLength(1)
  })
})
