import { describe, expect, it } from 'vitest'
import { Manifest } from '#core/contract/manifest'
import type { Commit, Launcher, Queue, Store } from '#core/ports'
import { createSight, type Tick, tickKey } from '#core/sight'
import { createBulk } from '#core/tasks/bulk/create-bulk'
import { renewRun } from '#core/tasks/renew'
import { changeFleet } from '#core/workers/fleet'
import { pauseWorker, putWorker } from '#core/workers/put-worker'
import { tick } from '#functions/clock/tick'
import { createTellFeedLag } from '#functions/reactor/feed-lag'
import { created, reacted, running, standing } from '../../core/tasks/fixtures.ts'
import { createMemoryWorld } from '../../support/memory-world.ts'

const minuteMs = 60_000

/** A hub that only lives while it is called, with so many workers. */
async function createClock(workers: readonly string[] = ['mill']) {
  const world = createMemoryWorld()
  for (const name of workers) {
    const manifest = Manifest.parse({ name, commands: [{ name: `${name}.grind` }], scaling: { min: 0, max: 0 } })
    await putWorker(world, { manifest, launch: {}, by: 'ann' })
  }
  const calls: string[] = []
  const countedStore = countingStore(world.store, calls)
  const queue = countingQueue(world.queue, calls)
  const metrics: [string, number][] = []
  const launcher: Launcher = { launch: async () => ({ kind: 'launched', launches: [], refused: [] }) }
  // Each call may meet a process that has never ticked.
  const call = ({ remainingMs = () => minuteMs, ...faults }: CallChanges = {}) => {
    const store = { ...countedStore, ...faults }
    const sight = createSight(store, world.clock)
    const parts = { world: { ...world, store, queue, seesSince: sight.seesSince }, launcher, sight }
    const tell = (metric: string, value: number) => void metrics.push([metric, value])
    return tick({ ...parts, tell, remainingMs })
  }
  return {
    ...{ world, calls, metrics, call },
    tickOf: async () => (await world.store.get(tickKey))?.data as Tick | undefined,
    minutes: async (count: number) => {
      for (let minute = 0; minute < count; minute++) {
        await world.clock.advance(minuteMs)
        await call()
      }
    },
  }
}

interface CallChanges extends Partial<Store> {
  readonly remainingMs?: () => number
}

function countingStore(store: Store, calls: string[]): Store {
  const count =
    <Args extends unknown[], Answer>(name: string, call: (...args: Args) => Answer) =>
    (...args: Args): Answer => {
      calls.push(name)
      return call(...args)
    }
  return {
    inlineBytes: store.inlineBytes,
    get: count('get', store.get),
    list: count('list', store.list),
    due: count('due', store.due),
    commit: count('commit', store.commit),
    addToSet: count('addToSet', store.addToSet),
  }
}

function countingQueue(queue: Queue, calls: string[]): Queue {
  return {
    receive: (ask) => queue.receive(ask),
    extend: (...which) => queue.extend(...which),
    done: (...which) => queue.done(...which),
    depth: (worker) => {
      calls.push('depth')
      return queue.depth(worker)
    },
  }
}

function counts(calls: readonly string[]): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {}
  for (const call of calls) sums[call] = (sums[call] ?? 0) + 1
  return sums
}

describe('a tick', () => {
  it('writes down when it was, and since when ticks have come without a gap', async () => {
    const { world, call, tickOf, minutes } = await createClock()
    const startedAt = world.clock.now()
    await call()
    await minutes(3)
    expect(await tickOf()).toMatchObject({ at: startedAt + 3 * minuteMs, seesSince: startedAt })
    await world.clock.advance(3 * minuteMs + 1)
    await call()
    expect((await tickOf())?.seesSince).toBe(world.clock.now())
  })

  it('after a gap gives every lease another one', async () => {
    const { world, call, minutes } = await createClock()
    await call()
    const { head } = await running(world)
    await renewRun(world, { taskId: head.id, run: 'run1', nonce: 'n1' })
    await world.clock.advance(10 * minuteMs)
    await call()
    expect(await standing(world, head.id)).toMatchObject({ status: 'running' })
    await minutes(2)
    expect(await standing(world, head.id)).toMatchObject({ status: 'queued', crashCount: 1 })
  })

  it('that comes twice at once works once', async () => {
    const { world, call } = await createClock()
    await created(world, { task: { startAfter: { seconds: 1_000 } } })
    await world.clock.advance(500_000)
    await Promise.all([call(), call()])
    expect(world.logged).toContain('clock.ticks-twice')
    expect(await world.queue.depth('mill')).toMatchObject({ delayed: 1 })
  })

  it('whose answer was lost when it was written down goes on all the same', async () => {
    const { world, call } = await createClock()
    await call()
    await created(world, { task: { startAfter: { seconds: 1_000 } } })
    await world.clock.advance(500_000)
    // The store's own client asks again, and meets what its first try wrote.
    const { commit } = world.memory.store
    const retrying = async (ask: Commit) => {
      await commit(ask)
      return commit(ask)
    }
    await call({ commit: retrying })
    expect(await world.queue.depth('mill')).toMatchObject({ delayed: 1 })
    expect(world.logged).not.toContain('clock.ticks-twice')
  })

  it('looks after the fleets also where the due index cannot be read, and fails after that', async () => {
    const { call, calls } = await createClock()
    const due = () => Promise.reject(new Error('the index is away'))
    await expect(call({ due })).rejects.toThrow('the index is away')
    expect(counts(calls).depth).toBe(1)
  })

  it('goes on with what is due while there is more and time is left', async () => {
    const { world, call } = await createClock()
    for (let tasks = 0; tasks < 2_100; tasks++) await created(world, { task: { startAfter: { seconds: 1_000 } } })
    await world.clock.advance(500_000)
    const left = [minuteMs, 14_000]
    await call({ remainingMs: () => left.shift() ?? 0 })
    expect(await world.queue.depth('mill')).toMatchObject({ delayed: 2_000 })
    expect(world.logged).toContain('clock.out-of-time')
    await world.clock.advance(minuteMs)
    await call()
    expect(await world.queue.depth('mill')).toMatchObject({ delayed: 2_100 })
  })

  it('audits nothing while the reactor is far behind', async () => {
    const { world, call, calls } = await createClock()
    const audited = () => counts(calls.splice(0)).list
    await world.clock.advance(30 * minuteMs)
    const behind = createTellFeedLag(world)
    await behind(world.clock.now() - 31 * minuteMs)
    await call()
    const without = audited()
    await world.clock.advance(11 * minuteMs)
    await call()
    expect(audited()).toBeGreaterThan(without ?? 0)
  })
})

describe('an idle hub', () => {
  it('reads little in a tick, writes its tick alone, and tells no metric', async () => {
    const { call, calls, minutes, metrics, world } = await createClock(['mill', 'orders', 'reports'])
    await call()
    // Until each queue has been seen empty for long enough.
    await minutes(20)
    while (world.clock.now() % (5 * minuteMs) !== 0) await minutes(1)
    const perTick: Readonly<Record<string, number>>[] = []
    for (let minute = 0; minute < 4; minute++) {
      calls.length = 0
      await minutes(1)
      perTick.push(counts(calls))
    }
    // Three workers: the fleet of each and its instances, once.
    expect(perTick).toEqual(Array(4).fill({ get: 1 + 3, list: 2 + 3, due: 1, commit: 1, depth: 3 }))
    expect(metrics).toEqual([])
  })
})

describe('tasks that wait', () => {
  it('for ten minutes without getting fewer are told, each minute until that changes', async () => {
    const { world, call, metrics, minutes, tickOf } = await createClock()
    await call()
    await created(world)
    await minutes(10)
    expect(metrics).toEqual([])
    await minutes(5)
    expect(metrics).toEqual([['tasksLate', 1]])
    expect(world.logged.filter((event) => event === 'clock.tasks-late')).toHaveLength(1)
    await minutes(4)
    expect(metrics).toHaveLength(5)
    world.memory.queue.purge('mill')
    await minutes(10)
    expect(metrics).toHaveLength(5)
    expect(await tickOf()).toMatchObject({ waiting: {}, trouble: {} })
    expect(await tickOf()).not.toHaveProperty('waiting.mill')
    expect(await tickOf()).not.toHaveProperty('trouble.tasksLate')
  })

  it('and become fewer are not', async () => {
    const { world, call, metrics, minutes } = await createClock()
    await call()
    for (let waiting = 8; waiting > 0; waiting--) {
      world.memory.queue.purge('mill')
      for (let tasks = 0; tasks < waiting; tasks++) await created(world)
      await minutes(5)
    }
    expect(metrics).toEqual([])
  })

  it('for a worker that somebody has paused are not', async () => {
    const { world, call, metrics, minutes } = await createClock()
    await call()
    await pauseWorker(world, { worker: 'mill', by: 'ann' })
    await created(world)
    await minutes(30)
    expect(metrics).toEqual([])
  })
})

describe('instances that cannot be started', () => {
  it('are told while tasks wait for them', async () => {
    const { world, call, metrics, minutes } = await createClock()
    await call()
    const refusal = {
      reason: 'quota',
      message: 'no vCPUs left',
      tries: 1,
      openUntil: world.clock.now() + 30_000,
    } as const
    await changeFleet(world, 'mill', (fleet) => ({ ...fleet, refusal }))
    await minutes(5)
    expect(metrics).toEqual([])
    await created(world)
    await minutes(5)
    expect(metrics).toEqual([['startsFailing', 1]])
  })
})

describe('bulks', () => {
  async function withBulk(count: number) {
    const clock = await createClock()
    const { world } = clock
    for (let index = 0; index < count; index++) await created(world, { task: { accountId: 'a-1' } })
    await reacted(world)
    const request = { action: 'cancel', filter: { accountId: 'a-1' } } as const
    const outcome = await createBulk(world, { id: world.ids.next(), requestHash: undefined, request, by: 'ann' })
    if (outcome.kind !== 'created') throw new Error(outcome.kind)
    await world.clock.advance(minuteMs)
    const outputOf = async () => {
      const { status, result } = await standing(world, outcome.head.id)
      return { status, output: result?.output }
    }
    return { ...clock, outputOf, id: outcome.head.id }
  }

  it('are worked off once fleets have been looked after, for as long as there is time', async () => {
    const { call, calls, outputOf } = await withBulk(250)
    await call()
    expect(calls.lastIndexOf('depth')).toBeLessThan(calls.indexOf('list', calls.lastIndexOf('depth')))
    expect(await outputOf()).toMatchObject({ status: 'succeeded', output: { looked: 250, changed: 250 } })
  })

  it('stop when the time is up, and the next tick goes on', async () => {
    const { world, call, outputOf, id } = await withBulk(250)
    let asked = 0
    // Time for what comes before, and for one portion.
    const remainingMs = () => (++asked <= 2 ? minuteMs : 1_000)
    await call({ remainingMs })
    const cut = await standing(world, id)
    expect(cut).toMatchObject({ status: 'running', due: world.clock.now() })
    expect(cut.bulk?.looked).toBe(100)
    await world.clock.advance(minuteMs)
    await call()
    expect(await outputOf()).toMatchObject({ status: 'succeeded', output: { looked: 250, changed: 250 } })
  })
})
