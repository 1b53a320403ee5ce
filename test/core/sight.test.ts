import { describe, expect, it } from 'vitest'
import type { Item } from '#core/ports'
import { createSight, type Tick, tickKey } from '#core/sight'
import { createMemoryWorld } from '../support/memory-world.ts'

const minuteMs = 60_000

async function sighted(tick?: Partial<Tick>) {
  const world = createMemoryWorld()
  const { clock, memory } = world
  const startedAt = clock.now()
  let reads = 0
  let isAway = false
  const store = {
    get: async (key: { pk: string; sk: string }): Promise<Item | undefined> => {
      reads++
      if (isAway) throw new Error('the store is away')
      return memory.store.get(key)
    },
  }
  const ticked = (at: number, seesSince: number) =>
    memory.table.write({
      kind: 'put',
      item: { ...tickKey, born: 'b', n: 1, data: { at, seesSince } },
      condition: { kind: 'any' },
    })
  if (tick !== undefined) ticked(tick.at ?? startedAt, tick.seesSince ?? 0)
  const sight = createSight(store, clock)
  return { clock, sight, startedAt, ticked, reads: () => reads, away: (is: boolean) => (isAway = is) }
}

describe('the sight of a part that has no clock of its own', () => {
  it('is what the last tick says, read once a minute', async () => {
    const { clock, sight, startedAt, ticked, reads } = await sighted({ seesSince: 42 })
    await sight.look()
    expect(sight.seesSince()).toBe(42)
    await clock.advance(minuteMs - 1)
    ticked(clock.now(), startedAt)
    await sight.look()
    expect([sight.seesSince(), reads()]).toEqual([42, 1])
    await clock.advance(1)
    await sight.look()
    expect([sight.seesSince(), reads()]).toEqual([startedAt, 2])
  })

  it('is blind from its own start while nothing was read, and where no clock has ever ticked', async () => {
    const { clock, sight, startedAt } = await sighted()
    expect(sight.seesSince()).toBe(startedAt)
    await clock.advance(minuteMs)
    await sight.look()
    expect(sight.seesSince()).toBe(startedAt)
  })

  it('is blind from the moment at which it met a clock that stands still, and no longer once that goes on', async () => {
    const { clock, sight, startedAt, ticked } = await sighted({ seesSince: 42 })
    await sight.look()
    await clock.advance(4 * minuteMs)
    await sight.look()
    const metAt = clock.now()
    await clock.advance(2 * minuteMs)
    await sight.look()
    expect(sight.seesSince()).toBe(metAt)
    ticked(clock.now(), startedAt + 1)
    await clock.advance(minuteMs)
    await sight.look()
    expect(sight.seesSince()).toBe(startedAt + 1)
  })

  it('judges nothing once it could not look for three minutes', async () => {
    const { clock, sight, away } = await sighted({ seesSince: 42 })
    await sight.look()
    away(true)
    await clock.advance(2 * minuteMs)
    await sight.look()
    expect(sight.seesSince()).toBe(42)
    await clock.advance(minuteMs + 1)
    await sight.look()
    expect(sight.seesSince()).toBe(clock.now())
  })
})
