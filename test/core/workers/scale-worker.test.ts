import { describe, expect, it } from 'vitest'
import { Manifest } from '#core/contract/manifest'
import type { Head } from '#core/head'
import type { Launcher, LaunchOutcome } from '#core/ports'
import { changeFleet, type Fleet, readFleet } from '#core/workers/fleet'
import { deleteInstance, instanceStopped, launchStopped, putInstance, registerInstance } from '#core/workers/instances'
import { pauseWorker, putWorker, resumeWorker } from '#core/workers/put-worker'
import { scaleWorker } from '#core/workers/scale-worker'
import { viewWorker, waitingFor } from '#core/workers/view'
import { createMemoryWorld, type MemoryWorld } from '../../support/memory-world.ts'
import { created } from '../tasks/fixtures.ts'

type Asked = Parameters<Launcher['launch']>[0]

/** A launcher that keeps what it is asked and answers as the test says. */
function aLauncher(
  answer: (asked: Asked) => LaunchOutcome | Promise<LaunchOutcome> = launched,
): Launcher & { readonly asked: Asked[] } {
  const asked: Asked[] = []
  return {
    asked,
    launch: async (ask) => {
      asked.push(ask)
      return answer(ask)
    },
  }
}

function launched({ token, count }: Asked): LaunchOutcome {
  return { kind: 'launched', launches: Array.from({ length: count }, (_, index) => `${token}-${index}`), refused: [] }
}

async function aFleet(
  changes: Record<string, unknown> = {},
  byHand = false,
): Promise<{ world: MemoryWorld; fleet: Fleet }> {
  const world = createMemoryWorld()
  const manifest = Manifest.parse({ name: 'mill', commands: [{ name: 'mill.grind' }], concurrency: 2, ...changes })
  return { world, fleet: await putWorker(world, { manifest, ...(byHand ? {} : { launch: { image: 1 } }), by: 'ann' }) }
}

async function fleetOf(world: MemoryWorld): Promise<Fleet> {
  const read = await readFleet(world, 'mill')
  if (read === undefined) throw new Error('no fleet')
  return read.fleet
}

const look = { worker: 'mill', recordBells: 0 }

describe('what fresh records tell (protocol 33)', () => {
  it('the queue is not asked while nothing is there: its count would lag behind them', async () => {
    const { world } = await aFleet()
    const launcher = aLauncher()
    const asked = countingDepth(world)
    expect(await scaleWorker(asked.world, launcher, { worker: 'mill', recordBells: 3 })).toEqual({
      kind: 'started',
      count: 2,
    })
    expect(asked.count()).toBe(0)
  })

  it('nor while they fit into free slots, but it is when they do not, or when nothing was recorded', async () => {
    const { world, fleet } = await aFleet()
    const launcher = aLauncher()
    await registerInstance(world, { instance: 'i1', worker: 'mill', generation: fleet.wanted, concurrency: 2 })
    const asked = countingDepth(world)
    expect(await scaleWorker(asked.world, launcher, { worker: 'mill', recordBells: 2 })).toMatchObject({ kind: 'held' })
    expect(asked.count()).toBe(0)
    await scaleWorker(asked.world, launcher, { worker: 'mill', recordBells: 3 })
    expect(asked.count()).toBe(1)
    await scaleWorker(asked.world, launcher, look)
    expect(asked.count()).toBe(2)
  })

  it('and it is while instances start: those were started for others that wait as well', async () => {
    const { world } = await aFleet()
    const launcher = aLauncher()
    for (let tasks = 0; tasks < 5; tasks++) await created(world)
    expect(await scaleWorker(world, launcher, { worker: 'mill', recordBells: 1 })).toMatchObject({ count: 1 })
    await world.clock.advance(1_000)
    expect(await scaleWorker(world, launcher, { worker: 'mill', recordBells: 1 })).toEqual({
      kind: 'started',
      count: 2,
    })
  })
})

function countingDepth(world: MemoryWorld): { readonly world: MemoryWorld; readonly count: () => number } {
  let count = 0
  const depth: MemoryWorld['queue']['depth'] = (worker) => {
    count++
    return world.queue.depth(worker)
  }
  const queue = { receive: world.queue.receive.bind(world.queue), extend: world.queue.extend.bind(world.queue) }
  const counted = { ...world, queue: { ...queue, done: world.queue.done.bind(world.queue), depth } }
  return { world: counted as MemoryWorld, count: () => count }
}

describe('scaleWorker', () => {
  it('one message from zero starts exactly one, however often and by how many it is told', async () => {
    const { world } = await aFleet()
    const launcher = aLauncher()
    await created(world)
    await Promise.all(Array.from({ length: 5 }, () => scaleWorker(world, launcher, { worker: 'mill', recordBells: 1 })))
    for (let seconds = 0; seconds < 10; seconds++) {
      await world.clock.advance(1_000)
      await scaleWorker(world, launcher, look)
    }
    expect(launcher.asked.map(({ count }) => count)).toEqual([1])
  })

  it('starts none while an instance is between its registration and its first receive', async () => {
    const { world, fleet } = await aFleet()
    const launcher = aLauncher()
    await created(world)
    await scaleWorker(world, launcher, look)
    const launch = `${launcher.asked[0]?.token}-0`
    await world.clock.advance(2_000)
    // A look at each moment of the registration: after every write of it.
    const { store } = world
    const watched: MemoryWorld = {
      ...world,
      store: {
        ...store,
        commit: async (ask) => {
          const outcome = await store.commit(ask)
          await world.clock.advance(1_000)
          await scaleWorker(world, launcher, look)
          return outcome
        },
      },
    }
    await registerInstance(watched, {
      instance: 'i1',
      worker: 'mill',
      generation: fleet.wanted,
      concurrency: 2,
      launch,
    })
    expect(launcher.asked).toHaveLength(1)
    expect((await fleetOf(world)).launches).toEqual([])
  })

  it('an instance that registers before the launcher has answered does not count as starting for minutes', async () => {
    const { world, fleet } = await aFleet()
    const register = async (ask: Asked): Promise<LaunchOutcome> => {
      await registerInstance(world, {
        instance: 'i1',
        worker: 'mill',
        generation: fleet.wanted,
        concurrency: 2,
        launch: `${ask.token}-0`,
      })
      return launched(ask)
    }
    await created(world)
    await scaleWorker(world, aLauncher(register), look)
    expect((await fleetOf(world)).launches).toEqual([])
  })

  it('without an answer it asks again with the same token and parameters, whatever was deployed meanwhile', async () => {
    const { world } = await aFleet()
    const launcher = aLauncher(() => ({ kind: 'unknown', message: 'timed out' }))
    await created(world)
    expect(await scaleWorker(world, launcher, look)).toEqual({ kind: 'held', why: 'launch-unknown' })
    await putWorker(world, { manifest: (await fleetOf(world)).manifest, launch: { image: 2 }, by: 'ann' })
    await world.clock.advance(1_000)
    await scaleWorker(world, launcher, look)
    expect(launcher.asked[1]).toEqual(launcher.asked[0])
    expect(launcher.asked[1]?.spec).toEqual({ image: 1 })
    // No nudge of a burst asks a service in trouble: after two tries it has two seconds.
    await world.clock.advance(1_999)
    expect(await scaleWorker(world, launcher, look)).toEqual({ kind: 'held', why: 'launch-unknown' })
    expect(launcher.asked).toHaveLength(2)
    await world.clock.advance(1)
    const answering = aLauncher()
    await scaleWorker(world, answering, look)
    expect(answering.asked[0]).toEqual(launcher.asked[0])
    expect((await fleetOf(world)).launches).toMatchObject([{ ids: [`${launcher.asked[0]?.token}-0`] }])
  })

  it('a crash between the decision and the launch is made good by the next look', async () => {
    const { world } = await aFleet()
    await created(world)
    const dies = aLauncher(() => Promise.reject(new Error('the hub dies')))
    await expect(scaleWorker(world, dies, look)).rejects.toThrow('dies')
    const launcher = aLauncher()
    await world.clock.advance(60_000)
    await scaleWorker(world, launcher, look)
    expect(launcher.asked[0]?.token).toBe(dies.asked[0]?.token)
  })

  it('a launch counts for five minutes', async () => {
    const { world } = await aFleet()
    const launcher = aLauncher()
    await created(world)
    for (const ms of [0, 299_000, 1_000]) {
      await world.clock.advance(ms)
      await scaleWorker(world, launcher, look)
    }
    expect(launcher.asked).toHaveLength(2)
  })

  it('paused, by hand, and absent workers start nothing', async () => {
    const { world } = await aFleet()
    const launcher = aLauncher()
    await created(world)
    await pauseWorker(world, { worker: 'mill', by: 'ann' })
    expect(await scaleWorker(world, launcher, look)).toEqual({ kind: 'held', why: 'paused' })
    await resumeWorker(world, 'mill')
    expect((await scaleWorker(world, launcher, look)).kind).toBe('started')
    const byHand = await aFleet({}, true)
    await created(byHand.world)
    expect(await scaleWorker(byHand.world, launcher, look)).toEqual({ kind: 'held', why: 'by-hand' })
    expect(await scaleWorker(world, launcher, { ...look, worker: 'none' })).toEqual({ kind: 'absent' })
  })

  it('failed starts open the breaker; an instance of the wanted generation closes it, an older one does not', async () => {
    const { world, fleet } = await aFleet({ scaling: { min: 1, max: 1 } })
    for (let tries = 0; tries < 3; tries++)
      await instanceStopped(world, { worker: 'mill', reason: 'exit 1', ready: false })
    expect(await scaleWorker(world, aLauncher(), look)).toEqual({ kind: 'held', why: 'breaker' })
    const named = { instance: 'i1', worker: 'mill', concurrency: 2 }
    await registerInstance(world, { ...named, generation: 'older' })
    expect((await fleetOf(world)).breaker).toMatchObject({ failures: 3, reason: 'exit 1' })
    await registerInstance(world, { ...named, generation: fleet.wanted })
    expect((await fleetOf(world)).breaker).toBeUndefined()
  })

  it('a refusal delays the next try, says what to request, and blames no image', async () => {
    const { world } = await aFleet()
    const head = await created(world)
    const message = 'the account may run 6 vCPUs; request more'
    const refusing = aLauncher(() => ({ kind: 'launched', launches: [], refused: [{ reason: 'quota', message }] }))
    const delays: number[] = []
    for (let tries = 0; tries < 7; tries++) {
      expect(await scaleWorker(world, refusing, look)).toEqual({ kind: 'held', why: 'refused' })
      expect(await scaleWorker(world, refusing, look)).toMatchObject({ kind: 'later' })
      const { refusal, breaker } = await fleetOf(world)
      expect(breaker).toBeUndefined()
      const delayMs = (refusal?.openUntil ?? 0) - world.clock.now()
      delays.push(delayMs / 1_000)
      await world.clock.advance(delayMs - 1)
      expect(await scaleWorker(world, refusing, look)).toEqual({ kind: 'held', why: 'refused' })
      expect(await waitingFor(world, head)).toMatchObject({
        kind: 'quota',
        message: `no instance of mill can be started: ${message}`,
      })
      const shown = { breaker: { failures: tries + 1, reason: `quota: ${message}` } }
      expect(await viewWorker(world, 'mill')).toMatchObject(shown)
      await world.clock.advance(1)
    }
    expect(delays).toEqual([30, 60, 120, 240, 480, 600, 600])
    expect(new Set(refusing.asked.map(({ token }) => token)).size).toBe(7)
    expect(await viewWorker(world, 'mill')).not.toHaveProperty('breaker')
    expect((await scaleWorker(world, aLauncher(), look)).kind).toBe('started')
    expect(await fleetOf(world)).not.toHaveProperty('refusal')
  })

  it('of a launch that was granted in part, what came counts as starting, and busy slots say why there are no more', async () => {
    const { world, fleet } = await aFleet({ concurrency: 1 })
    const heads = [await created(world), await created(world)]
    const partly = aLauncher(({ token }) => ({
      kind: 'launched',
      launches: [`${token}-0`],
      refused: [{ reason: 'capacity', message: 'Fargate has no room' }],
    }))
    expect(await scaleWorker(world, partly, look)).toEqual({ kind: 'started', count: 1 })
    const launch = `${partly.asked[0]?.token}-0`
    expect(await fleetOf(world)).toMatchObject({ launches: [{ ids: [launch] }], refusal: { tries: 1 } })
    const ask = { instance: 'i1', worker: 'mill', generation: fleet.wanted, concurrency: 1, launch }
    await registerInstance(world, ask)
    await putInstance(world, { ...ask, id: 'i1', freeSlots: 0, state: 'live', startedAt: 0, seenAt: world.clock.now() })
    expect(heads.length).toBe(2)
    expect(await waitingFor(world, heads[1] as Head)).toEqual({
      kind: 'slot',
      message: 'all slots of 1 instance(s) of mill are busy, and more cannot be started: Fargate has no room',
    })
  })

  it('an answer that comes after the end of what it started counts nothing as starting', async () => {
    const { world } = await aFleet()
    await created(world)
    const losing = aLauncher(() => ({ kind: 'unknown', message: 'timed out' }))
    await scaleWorker(world, losing, look)
    const launch = `${losing.asked[0]?.token}-0`
    await launchStopped(world, { worker: 'mill', launch, at: world.clock.now(), how: 'crashed', reason: 'exit 1' })
    await world.clock.advance(1_000)
    await scaleWorker(world, aLauncher(), look)
    expect((await fleetOf(world)).launches).toEqual([])
  })

  it('an answer that two got at once counts once', async () => {
    const { world } = await aFleet()
    await created(world)
    const message = 'Fargate has no room'
    let both: (() => void) | undefined
    const met = new Promise<void>((resolve) => {
      both = resolve
    })
    const refusing = aLauncher(async () => {
      if (refusing.asked.length === 2) both?.()
      await met
      return { kind: 'launched', launches: [], refused: [{ reason: 'capacity', message }] }
    })
    const first = scaleWorker(world, refusing, look)
    // So long without an answer, and the next one asks as well.
    await world.clock.advance(5_000)
    await Promise.all([first, scaleWorker(world, refusing, look)])
    expect(refusing.asked.map(({ token }) => token)).toEqual([refusing.asked[0]?.token, refusing.asked[0]?.token])
    expect((await fleetOf(world)).refusal).toMatchObject({ tries: 1 })
  })

  it('an image that takes long to fail is noticed, and the ledger does not outgrow its item', async () => {
    const { world } = await aFleet({ scaling: { min: 0, max: 600 }, concurrency: 1 })
    const launcher = aLauncher()
    await created(world)
    await scaleWorker(world, launcher, look)
    await world.clock.advance(301_000)
    await scaleWorker(world, launcher, look)
    const launch = `${launcher.asked[0]?.token}-0`
    await launchStopped(world, { worker: 'mill', launch, at: 1, how: 'crashed', reason: 'cannot pull the image' })
    expect(await fleetOf(world)).toMatchObject({ breaker: { failures: 1, reason: 'cannot pull the image' } })
    for (let tries = 0; tries < 40; tries++) {
      await world.clock.advance(100_000)
      await scaleWorker(world, launcher, { worker: 'mill', recordBells: 500 })
    }
    const { launches } = await fleetOf(world)
    const kept = launches.reduce((sum, { ids, count }) => sum + (ids?.length ?? count), 0)
    expect(kept).toBeGreaterThan(500)
    expect(kept).toBeLessThan(1_500)
  })

  it('bells that stay beside free slots make those count as none', async () => {
    const { world, fleet } = await aFleet()
    const launcher = aLauncher()
    await registerInstance(world, { instance: 'i1', worker: 'mill', generation: fleet.wanted, concurrency: 2 })
    await created(world)
    for (let minute = 0; minute < 4; minute++) {
      await scaleWorker(world, launcher, { ...look, isTick: true })
      await world.clock.advance(60_000)
      await putInstance(world, {
        id: 'i1',
        worker: 'mill',
        generation: fleet.wanted,
        concurrency: 2,
        freeSlots: 2,
        state: 'live',
        startedAt: 0,
        seenAt: world.clock.now(),
      })
    }
    expect(launcher.asked).toHaveLength(1)
  })

  it('a quiet worker costs a few writes an hour', async () => {
    const { world } = await aFleet()
    const before = world.memory.table.changes.length
    for (let minute = 0; minute < 600; minute++) {
      await scaleWorker(world, aLauncher(), { ...look, isTick: true })
      await world.clock.advance(60_000)
    }
    expect(world.memory.table.changes.length - before).toBeLessThan(60)
  })
})

describe('instances', () => {
  it('an unknown worker registers nobody', async () => {
    const world = createMemoryWorld()
    expect(
      await registerInstance(world, { instance: 'i1', worker: 'none', generation: 'g', concurrency: 1 }),
    ).toBeUndefined()
    expect([...world.memory.table.all()]).toEqual([])
  })

  it('one that stops before it was ready works on the breaker and leaves the ledger', async () => {
    const { world } = await aFleet()
    const launcher = aLauncher()
    await created(world)
    await scaleWorker(world, launcher, look)
    await instanceStopped(world, {
      worker: 'mill',
      launch: `${launcher.asked[0]?.token}-0`,
      reason: 'exit 1',
      ready: false,
    })
    expect(await fleetOf(world)).toMatchObject({
      launches: [],
      breaker: { failures: 1 },
      stops: [{ reason: 'exit 1' }],
    })
    for (let count = 0; count < 30; count++)
      await instanceStopped(world, { worker: 'mill', reason: `${count}`, ready: true })
    expect((await fleetOf(world)).stops).toHaveLength(20)
    await deleteInstance(world, 'mill', 'never was')
  })

  it('an older generation that fails to start says nothing about the new one', async () => {
    const { world, fleet } = await aFleet()
    const launcher = aLauncher()
    await created(world)
    await scaleWorker(world, launcher, look)
    await putWorker(world, { manifest: fleet.manifest, launch: { image: 2 }, by: 'ann' })
    const launch = `${launcher.asked[0]?.token}-0`
    await instanceStopped(world, { worker: 'mill', launch, reason: 'exit 1', ready: false })
    expect(await fleetOf(world)).toMatchObject({ launches: [], stops: [{ reason: 'exit 1' }] })
    expect((await fleetOf(world)).breaker).toBeUndefined()
  })

  it('many writers of one fleet item lose nothing', async () => {
    const { world } = await aFleet()
    await Promise.all(
      Array.from({ length: 20 }, () =>
        changeFleet(world, 'mill', (fleet) => ({ ...fleet, decisions: fleet.decisions + 1 })),
      ),
    )
    expect((await fleetOf(world)).decisions).toBe(20)
  })
})
