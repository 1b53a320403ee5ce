import { describe, expect, it } from 'vitest'
import { Manifest } from '#core/contract/manifest'
import type { Launcher, LaunchOutcome } from '#core/ports'
import { readFleet, startingCount } from '#core/workers/fleet'
import { deleteInstance, launchStopped, registerInstance } from '#core/workers/instances'
import { putWorker } from '#core/workers/put-worker'
import { scaleWorker } from '#core/workers/scale-worker'
import { createMemoryWorld } from '../../support/memory-world.ts'

/** A new generation beside one that runs: it comes in by one instance, whether there is more work or not (protocol 36). */

type Asked = Parameters<Launcher['launch']>[0]

async function createFleet({ min = 0, max = 4 } = {}) {
  const world = createMemoryWorld()
  const asked: Asked[] = []
  const answers: LaunchOutcome[] = []
  let held: Promise<void> | undefined
  const launcher: Launcher = {
    launch: async (ask) => {
      asked.push(ask)
      const slow = held
      held = undefined
      await slow
      const launches = Array.from({ length: ask.count }, (_, index) => `${ask.token}-${index}`)
      return answers.shift() ?? { kind: 'launched', launches, refused: [] }
    },
  }
  /** The next call is answered when it is told to. */
  const hold = () => {
    let answer = () => {}
    held = new Promise<void>((resolve) => {
      answer = resolve
    })
    return { answer: () => answer() }
  }
  const deploy = (generation: string) => {
    const commands = [{ name: 'mill.grind' }]
    const manifest = Manifest.parse({ name: 'mill', commands, concurrency: 2, scaling: { min, max } })
    return putWorker(world, { manifest, launch: { generation }, generation, by: 'ann' })
  }
  const register = (instance: string, generation: string, launch?: string) =>
    registerInstance(world, { instance, worker: 'mill', generation, concurrency: 2, launch })
  await deploy('mill:1')
  return {
    world,
    asked,
    answers,
    hold,
    deploy,
    register,
    look: async (recordBells = 0) => {
      await world.clock.advance(1_000)
      return scaleWorker(world, launcher, { worker: 'mill', recordBells })
    },
    fleet: async () => {
      const read = await readFleet(world, 'mill')
      if (read === undefined) throw new Error('no fleet')
      return read.fleet
    },
  }
}

describe('a deploy', () => {
  it('starts one instance of the new generation, though what runs has places free', async () => {
    const { asked, deploy, register, look, fleet } = await createFleet()
    await register('a', 'mill:1')
    expect(await look(1)).toMatchObject({ kind: 'held' })
    await deploy('mill:2')
    expect(await look()).toEqual({ kind: 'started', count: 1 })
    expect(asked).toMatchObject([{ generation: 'mill:2', count: 1 }])
    expect(await look()).toMatchObject({ kind: 'held' })
    await register('b', 'mill:2', `${asked[0]?.token}-0`)
    expect(await fleet()).toMatchObject({ current: 'mill:2' })
    expect(await look()).toMatchObject({ kind: 'held' })
  })

  it('starts it beyond the most, for those that run would go on for as long as there is work', async () => {
    const { asked, deploy, register, look } = await createFleet({ max: 2 })
    await register('a', 'mill:1')
    await register('b', 'mill:1')
    await deploy('mill:2')
    expect(await look(100)).toEqual({ kind: 'started', count: 1 })
    expect(await look(100)).toEqual({ kind: 'held', why: 'at-max' })
    await register('c', 'mill:2', `${asked[0]?.token}-0`)
    expect(await look(100)).toEqual({ kind: 'held', why: 'at-max' })
  })

  it('starts none where nothing runs, nor where nothing may', async () => {
    const idle = await createFleet()
    await idle.register('a', 'mill:1')
    await deleteInstance(idle.world, 'mill', 'a')
    await idle.deploy('mill:2')
    expect(await idle.look()).toEqual({ kind: 'held', why: 'enough' })
    const none = await createFleet({ max: 0 })
    await none.register('a', 'mill:1')
    await none.deploy('mill:2')
    expect(await none.look()).toEqual({ kind: 'held', why: 'at-max' })
  })

  it('that is broken tries one at a time, and opens the breaker', async () => {
    const { world, asked, deploy, register, look } = await createFleet()
    await register('a', 'mill:1')
    await deploy('mill:2')
    for (let tries = 0; tries < 3; tries++) {
      expect(await look()).toEqual({ kind: 'started', count: 1 })
      const launch = `${asked.at(-1)?.token}-0`
      const at = world.clock.now()
      await launchStopped(world, { worker: 'mill', launch, at, how: 'crashed', reason: 'exit 1' })
    }
    expect(await look()).toEqual({ kind: 'held', why: 'breaker' })
  })

  it('that is taken back starts one of the older generation again', async () => {
    const { asked, deploy, register, look, fleet } = await createFleet()
    await register('a', 'mill:1')
    await deploy('mill:2')
    await look()
    await register('b', 'mill:2', `${asked[0]?.token}-0`)
    await deploy('mill:1')
    expect(await look()).toEqual({ kind: 'started', count: 1 })
    await register('c', 'mill:1', `${asked[1]?.token}-0`)
    expect(await fleet()).toMatchObject({ current: 'mill:1' })
  })
})

describe('a launch that is on its way to the launcher', () => {
  it('is carried out by who decided it, and others decide about the rest when it has been', async () => {
    const { world, asked, hold, look } = await createFleet({ max: 20 })
    const slow = hold()
    const first = look(4)
    await world.clock.advance(1_000)
    expect(await look(10)).toEqual({ kind: 'later', ms: 1_000 })
    slow.answer()
    expect(await first).toEqual({ kind: 'started', count: 2 })
    expect(await look(10)).toEqual({ kind: 'started', count: 3 })
    expect(asked.map(({ count }) => count)).toEqual([2, 3])
  })

  it('is asked for again by another one when nothing came of it for seconds', async () => {
    const { world, asked, hold, look } = await createFleet({ max: 20 })
    const slow = hold()
    const first = look(4)
    await world.clock.advance(2_000)
    await world.clock.advance(4_000)
    await look(4)
    slow.answer()
    await first
    expect(asked.map(({ token }) => token)).toEqual([asked[0]?.token, asked[0]?.token])
  })
})

describe('a launch that is answered late', () => {
  it('counts for as long as nobody answers, and then for five minutes', async () => {
    const { world, asked, answers, look, fleet } = await createFleet()
    answers.push({ kind: 'unknown', message: 'throttled' })
    await look(1)
    await world.clock.advance(420_000)
    expect(startingCount(await fleet(), world.clock.now())).toBe(1)
    expect(await look(1)).toEqual({ kind: 'started', count: 1 })
    expect(await look(1)).toMatchObject({ kind: 'held' })
    expect(asked).toHaveLength(2)
    await world.clock.advance(290_000)
    expect(startingCount(await fleet(), world.clock.now())).toBe(1)
    await world.clock.advance(10_000)
    expect(startingCount(await fleet(), world.clock.now())).toBe(0)
  })
})
