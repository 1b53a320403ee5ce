import { describe, expect, it } from 'vitest'
import { ApiError } from '#core/contract/errors'
import { bodyKey, headKey } from '#core/keys'
import type { Change, Commit, Launcher } from '#core/ports'
import { readFeedLagMs } from '#functions/reactor/feed-lag'
import {
  type AttentionNote,
  createWorkBatch,
  type ReadRecord,
  type StreamRecord,
} from '#functions/reactor/stream-batch'
import { created, register } from '../../core/tasks/fixtures.ts'
import { createMemoryWorld } from '../../support/memory-world.ts'

const minuteMs = 60_000

interface PlayedRecord extends StreamRecord {
  readonly read: ReadRecord
}

async function createReactor() {
  const world = createMemoryWorld()
  await register(world)
  const launches: { worker: string; count: number }[] = []
  const notes: AttentionNote[] = []
  const told: string[] = []
  /** Tasks whose watchers were told, and whether the directory knew of them by then. */
  const pushed: { id: string; isListed: boolean; remainingMs: number }[] = []
  const faults = {
    /** What writing this task's row throws. */
    rows: new Map<string, unknown>(),
    attention: undefined as unknown,
    launcher: undefined as unknown,
    push: undefined as unknown,
  }
  const store = {
    ...world.store,
    commit: async (ask: Commit) => {
      const { write } = ask
      const id = write.kind === 'put' && write.item.pk.startsWith('D#') ? (write.item.data as { id: string }).id : ''
      if (faults.rows.has(id)) throw faults.rows.get(id)
      return world.store.commit(ask)
    },
  }
  const launcher: Launcher = {
    launch: async ({ worker, count }) => {
      if (faults.launcher !== undefined) throw faults.launcher
      launches.push({ worker, count })
      return {
        kind: 'launched',
        launches: Array.from({ length: count }, (_, i) => `l${launches.length}.${i}`),
        refused: [],
      }
    },
  }
  const work = createWorkBatch<PlayedRecord>({
    world: { ...world, store },
    launcher,
    changeOf: ({ read }) => read,
    attention: async (note) => {
      if (faults.attention !== undefined) throw faults.attention
      notes.push(note)
    },
    tellEvents: async (changes) => void told.push(...changes.map(({ pk }) => pk.slice(2))),
    pushChanges: async (changes, remainingMs) => {
      if (faults.push !== undefined) throw faults.push
      for (const { pk } of changes) {
        const id = pk.slice(2)
        pushed.push({ id, isListed: rows().includes(id), remainingMs: remainingMs() })
      }
    },
  })
  const rows = () =>
    [...world.memory.table.all()].flatMap(({ pk, data }) => (pk.startsWith('D#') ? [(data as { id: string }).id] : []))
  const from = world.memory.table.changes.length
  return {
    ...{ world, faults, launches, notes, told, pushed, rows },
    work: (records: readonly PlayedRecord[], remainingMs = () => 60_000) => work(records, remainingMs),
    /** The records of what tasks did since the beginning. */
    records: () =>
      world.memory.table.changes
        .slice(from)
        .filter(({ sk }) => sk === 'HEAD')
        .map((change, index) => recordOf(change, `seq-${index}`, world.clock.now())),
  }
}

function recordOf(change: Change, sequence: string, at: number): PlayedRecord {
  const dynamodb = {
    SequenceNumber: sequence,
    ApproximateCreationDateTime: Math.floor(at / 1_000),
    Keys: { pk: change.pk },
  }
  return { eventID: sequence, eventName: 'MODIFY', dynamodb, read: { kind: 'change', change } }
}

const away = () => new ApiError('unavailable', 'the table is away')
const denied = () => Object.assign(new Error('not authorized to perform: PutItem'), { name: 'AccessDeniedException' })

async function threeTasks() {
  const reactor = await createReactor()
  const tasks = [await created(reactor.world), await created(reactor.world), await created(reactor.world)]
  return { ...reactor, ids: tasks.map(({ id }) => id) }
}

describe('a batch of records', () => {
  it('is followed up as one: rows, the world outside, and instances for all of it', async () => {
    const { work, records, rows, ids, launches, told, notes } = await threeTasks()
    expect(await work(records())).toEqual([])
    expect(rows().sort()).toEqual([...ids].sort())
    expect(told).toEqual(ids)
    // Two slots an instance.
    expect(launches).toEqual([{ worker: 'mill', count: 2 }])
    expect(notes).toEqual([])
  })

  it('is told to watchers last, when the directory knows of it, in the time that is left', async () => {
    const { work, records, ids, pushed } = await threeTasks()
    expect(await work(records(), () => 12_345)).toEqual([])
    expect(pushed).toEqual(ids.map((id) => ({ id, isListed: true, remainingMs: 12_345 })))
  })

  it('comes again where neither a watcher nor the clock can be told', async () => {
    const { work, records, rows, ids, faults, pushed, notes } = await threeTasks()
    faults.push = away()
    expect(await work(records())).toEqual(['seq-0'])
    expect([rows().sort(), notes]).toEqual([[...ids].sort(), []])
    faults.push = undefined
    expect(await work(records())).toEqual([])
    expect(pushed.map(({ id }) => id)).toEqual(ids)
  })

  it('with a record that cannot be read goes on without it, and a person is told', async () => {
    const { work, records, rows, ids, notes } = await threeTasks()
    const [first, second, third] = records() as [PlayedRecord, PlayedRecord, PlayedRecord]
    const odd = { ...second, read: { kind: 'unreadable', message: 'it has no keys' } } as const
    expect(await work([first, odd, third])).toEqual([])
    expect(rows().sort()).toEqual([ids[0], ids[2]].sort())
    expect(notes).toMatchObject([{ kind: 'record', detail: { sequenceNumber: 'seq-1', reason: 'it has no keys' } }])
  })

  it('with a record that meets a fault of ours goes on without it, and instances are started for the others', async () => {
    const { work, records, rows, ids, notes, launches } = await threeTasks()
    const [first, second, third] = records() as [PlayedRecord, PlayedRecord, PlayedRecord]
    const { pk, sk } = headKey('X')
    const broken: Change = { pk, sk, after: { pk, sk, born: 'b', n: 1, data: undefined } }
    const odd = { ...second, read: { kind: 'change', change: broken } } as const
    expect(await work([first, odd, third])).toEqual([])
    expect(rows().sort()).toEqual([ids[0], ids[2]].sort())
    expect(notes).toMatchObject([{ detail: { sequenceNumber: 'seq-1', reason: expect.stringMatching('TypeError') } }])
    expect(launches).toEqual([{ worker: 'mill', count: 1 }])
  })

  it('holds on to such a record while nobody can be told of it', async () => {
    const { work, records, faults, notes, world } = await threeTasks()
    const [first, second, third] = records() as [PlayedRecord, PlayedRecord, PlayedRecord]
    const batch = [first, { ...second, read: { kind: 'unreadable', message: 'odd' } } as const, third]
    faults.attention = away()
    expect(await work(batch)).toEqual(['seq-1'])
    faults.attention = undefined
    await world.clock.advance(1_000)
    expect(await work(batch.slice(1))).toEqual([])
    expect(notes).toHaveLength(1)
  })

  it.each([
    ['is away', away()],
    ['cannot be reached for another reason, told by its cause', new Error('writing', { cause: away() })],
    ['refuses us, which is no fault of the record', denied()],
  ])('comes again from where the store %s, in order, and is then as if nothing had been', async (_, fault) => {
    const { work, records, rows, ids, faults, notes, launches, world } = await threeTasks()
    const batch = records()
    faults.rows.set(ids[1] ?? '', fault)
    expect(await work(batch)).toEqual(['seq-1'])
    expect(rows()).toContain(ids[0])
    faults.rows.clear()
    await world.clock.advance(1_000)
    expect(await work(batch.slice(1))).toEqual([])
    expect(rows().sort()).toEqual([...ids].sort())
    expect(notes).toEqual([])
    expect(launches).toEqual([{ worker: 'mill', count: 2 }])
  })

  it('whose records have to be looked at one by one stops in time', async () => {
    const { work, records, rows, ids, faults } = await threeTasks()
    faults.rows.set(ids[0] ?? '', new Error('a fault of ours'))
    const left = [30_000, 30_000, 4_999]
    expect(await work(records(), () => left.shift() ?? 0)).toEqual(['seq-2'])
    expect(rows()).toContain(ids[1])
  })

  it('is not held up by a launcher that fails: the clock looks again', async () => {
    const { work, records, faults, world } = await threeTasks()
    faults.launcher = new Error('no such cluster')
    expect(await work(records())).toEqual([])
    expect(world.logged).toContain('reactor.scale-failed')
  })

  it('that comes too soon after the last decision decides at the end of that second', async () => {
    const { work, records, launches, world } = await threeTasks()
    await work(records().slice(0, 1))
    await world.clock.advance(400)
    await created(world)
    const working = work(records().slice(1))
    await world.clock.advance(599)
    expect(launches).toHaveLength(1)
    await world.clock.advance(1)
    await working
    expect(launches).toHaveLength(2)
  })

  it('leaves that to the clock where its time is nearly over', async () => {
    const { work, records, launches, world } = await threeTasks()
    const batch = records()
    await work(batch.slice(0, 1))
    await world.clock.advance(400)
    expect(await work(batch.slice(1), () => 10_500)).toEqual([])
    expect(launches).toHaveLength(1)
  })

  it('that tells of a head at the end of its retention clears what lay beside it and does nothing else', async () => {
    const { world, work, records, launches } = await createReactor()
    const { id, born } = await created(world, { argumentsBytes: 2_000 })
    expect(await world.store.get(bodyKey(id, born))).toBeDefined()
    world.memory.table.write({ kind: 'delete', key: headKey(id), condition: { kind: 'any' } })
    expect(await work(records().slice(1))).toEqual([])
    expect(await world.store.get(bodyKey(id, born))).toBeUndefined()
    expect(launches).toEqual([])
  })
})

describe('a reactor that is behind', () => {
  it('says so to the clock, once a minute, for as long as it is', async () => {
    const { world, work, records } = await createReactor()
    await created(world)
    const batch = records()
    await world.clock.advance(5 * minuteMs)
    await work(batch)
    expect(await readFeedLagMs(world)).toBe(0)
    await world.clock.advance(minuteMs)
    await work(batch)
    expect(await readFeedLagMs(world)).toBe(6 * minuteMs)
    await world.clock.advance(minuteMs - 1)
    await work(batch)
    expect(await readFeedLagMs(world)).toBe(6 * minuteMs)
    await world.clock.advance(1)
    await work(batch)
    expect(await readFeedLagMs(world)).toBe(7 * minuteMs)
    await world.clock.advance(10 * minuteMs)
    expect(await readFeedLagMs(world)).toBe(0)
  })
})
