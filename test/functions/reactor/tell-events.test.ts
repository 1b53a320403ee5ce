import { describe, expect, it } from 'vitest'
import type { Status } from '#core/contract/task'
import type { EventsOut, TaskEvent } from '#core/events-out'
import { isRetrySk } from '#core/keys'
import { cancelTask } from '#core/tasks/change'
import { dueEntries } from '#core/tasks/tick'
import { tickDue } from '#functions/clock/clock'
import type { AttentionNote } from '#functions/reactor/stream-batch'
import { createTellEvents, repeatEvent } from '#functions/reactor/tell-events'
import { created, register } from '../../core/tasks/fixtures.ts'
import { createMemoryWorld } from '../../support/memory-world.ts'

const minuteMs = 60_000
const hourMs = 3_600_000

async function createTelling(wanted: readonly Status[] = ['canceled']) {
  const world = createMemoryWorld()
  await register(world)
  const told: TaskEvent[] = []
  const notes: AttentionNote[] = []
  let isAway = false
  let noteFault: Error | undefined
  const out: EventsOut = {
    publish: async (events) => {
      if (isAway) return events.map((event) => ({ event, reason: 'ThrottlingException' }))
      told.push(...events)
      return []
    },
  }
  const attention = async (note: AttentionNote) => {
    if (noteFault !== undefined) throw noteFault
    notes.push(note)
  }
  const tell = createTellEvents({ world, out, statuses: new Set(wanted) })
  return {
    ...{ world, told, notes },
    away: (is: boolean) => (isAway = is),
    failNotes: (fault: Error | undefined) => (noteFault = fault),
    tellAll: () => tell(world.memory.table.changes.filter(({ sk }) => !isRetrySk(sk))),
    canceled: async () => {
      const { id } = await created(world)
      await cancelTask(world, { taskId: id, by: 'ann' })
      return id
    },
    tick: () => tickDue(world, { onOther: (key) => repeatEvent({ world, out, attention }, key) }),
    tickWithoutBus: () => tickDue(world, { onOther: (key) => repeatEvent({ world, out: undefined, attention }, key) }),
    left: () => [...world.memory.table.all()].filter(({ sk }) => isRetrySk(sk)),
  }
}

describe('what the world outside is told', () => {
  it('is that tasks came to the statuses that somebody wants to hear of', async () => {
    const { told, tellAll, canceled, left } = await createTelling()
    const ids = [await canceled(), await canceled()]
    await tellAll()
    expect(told).toMatchObject(ids.map((taskId) => ({ taskId, status: 'canceled', command: 'mill.grind' })))
    expect(left()).toEqual([])
  })

  it('is left for the clock while the bus is away, and told as soon as that is back', async () => {
    const { world, told, tellAll, canceled, away, tick, left } = await createTelling()
    const taskId = await canceled()
    away(true)
    await tellAll()
    expect(left()).toHaveLength(1)
    expect((await dueEntries(world)).keys).toEqual([])
    await world.clock.advance(minuteMs)
    expect(await tick()).toBe(1)
    expect(await tick()).toBe(0)
    away(false)
    await world.clock.advance(2 * minuteMs)
    await tick()
    expect(told).toMatchObject([{ taskId, status: 'canceled' }])
    expect(left()).toEqual([])
  })

  it('is not left a second time by a batch that comes again', async () => {
    const { world, tellAll, canceled, away, tick, left } = await createTelling()
    await canceled()
    away(true)
    await tellAll()
    await world.clock.advance(minuteMs)
    await tick()
    await tellAll()
    expect(left()).toMatchObject([{ data: { tries: 1 } }])
  })

  it('makes the batch come again only if it could not be left either', async () => {
    const { world, tellAll, canceled, away } = await createTelling()
    await canceled()
    away(true)
    world.upsets.push('before')
    await expect(tellAll()).rejects.toThrow('the store is away')
  })

  it('is told by one of two clocks at once', async () => {
    const { world, told, tellAll, canceled, away, tick } = await createTelling()
    await canceled()
    away(true)
    await tellAll()
    away(false)
    await world.clock.advance(minuteMs)
    await Promise.all([tick(), tick()])
    expect(told).toHaveLength(1)
  })

  it('is tried ever less often, and given up after a day with a word to a person', async () => {
    const { world, notes, tellAll, canceled, away, failNotes, tick, left } = await createTelling()
    await canceled()
    away(true)
    await tellAll()
    let tries = 0
    for (let minutes = 0; minutes < 24 * 60; minutes++) {
      await world.clock.advance(minuteMs)
      tries += await tick()
    }
    expect(tries).toBeLessThan(35)
    failNotes(new Error('the attention queue is away'))
    await world.clock.advance(hourMs)
    await tick()
    expect(left()).toHaveLength(1)
    failNotes(undefined)
    await world.clock.advance(hourMs)
    await tick()
    expect(notes).toMatchObject([{ kind: 'event', detail: { reason: 'ThrottlingException' } }])
    expect(left()).toEqual([])
  })

  it('is dropped once nobody wants to be told any more', async () => {
    const { world, notes, tellAll, canceled, away, tickWithoutBus, left } = await createTelling()
    await canceled()
    away(true)
    await tellAll()
    await world.clock.advance(minuteMs)
    await tickDue(world)
    expect(left()).toHaveLength(1)
    await tickWithoutBus()
    expect([left(), notes]).toEqual([[], []])
  })
})
