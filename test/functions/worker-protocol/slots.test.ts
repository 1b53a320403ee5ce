import { describe, expect, it } from 'vitest'
import { Manifest } from '#core/contract/manifest'
import type { WorkerProtocolOp } from '#core/contract/worker-protocol'
import { renewEveryMs } from '#core/lease'
import type { Launcher } from '#core/ports'
import { createTask } from '#core/tasks/create'
import { liveInstances, readFleet, readInstances } from '#core/workers/fleet'
import { registerInstance } from '#core/workers/instances'
import { putWorker } from '#core/workers/put-worker'
import { tickMinute } from '#functions/clock/clock'
import { createWorkerCalls } from '#functions/worker-protocol/worker-calls'
import { createMemoryWorld } from '../../support/memory-world.ts'

/** What the fleet knows of an instance that is busy: the scaler counts its places by that (protocol 32). */

interface Granted {
  readonly grants: readonly { readonly run: string; readonly ticket: string; readonly task: { readonly id: string } }[]
  readonly drain?: boolean
}

async function createHub({ leaseSeconds = 60 } = {}) {
  const world = createMemoryWorld()
  const commands = [{ name: 'mill.grind', leaseSeconds }]
  const manifest = Manifest.parse({ name: 'mill', commands, concurrency: 2 })
  await putWorker(world, { manifest, launch: {}, generation: 'mill:1', by: 'ann' })
  const calls = createWorkerCalls(world, (ask) => putWorker(world, ask))
  let nonces = 0
  const say = (op: WorkerProtocolOp, fields: object) =>
    calls.call(op, { worker: 'mill', instance: 'i1', nonce: `n${nonces++}`, ...fields }, 'ann')
  const submit = () => {
    const command = { worker: 'mill', name: 'mill.grind', version: 1, leaseSeconds }
    const task = { command: command.name }
    return createTask(world, { task, command, by: 'ann', id: world.ids.next(), argumentsBytes: 0 })
  }
  const receive = async (freeSlots = 2, waitSeconds = 0) =>
    (await say('receive', { slots: freeSlots, freeSlots, waitSeconds })) as Granted
  await say('register', { concurrency: 2, runs: [], generation: 'mill:1' })
  return {
    world,
    calls,
    manifest,
    say,
    submit,
    receive,
    /** Asked for work some time ago, and full now. */
    fill: async () => {
      await receive()
      await world.clock.advance(6_000)
      await submit()
      await submit()
      const { grants } = await receive()
      return grants.map(({ run, ticket, task }) => ({ run, ticket, taskId: task.id }))
    },
    live: async () => {
      const read = await readFleet(world, 'mill')
      if (read === undefined) throw new Error('no fleet')
      const live = liveInstances(read.fleet, await readInstances(world, 'mill'), world.clock.now())
      return live.map(({ freeSlots }) => `${freeSlots} free`)
    },
  }
}

const nothing: Launcher = { launch: async () => ({ kind: 'launched', launches: [], refused: [] }) }

describe('a full instance', () => {
  it('offers no place, though it asks for nothing any more', async () => {
    const { world, say, receive, fill, live } = await createHub()
    const runs = await fill()
    expect(runs).toHaveLength(2)
    expect(await live()).toEqual(['0 free'])
    await say('complete', { ends: runs.map((run) => ({ kind: 'succeed', ...run })) })
    await world.clock.advance(6_000)
    await receive()
    expect(await live()).toEqual(['2 free'])
  })

  it('offers none either where two of its receives crossed', async () => {
    const { world, say, receive, submit, live } = await createHub()
    await receive()
    await world.clock.advance(6_000)
    await submit()
    await submit()
    const { get } = world.store
    let reads = 0
    // What the second one says of its places is read when the first has already taken one of them.
    const slow: typeof get = async (key) => {
      if (key.sk === 'FLEET' && reads++ === 1) await world.clock.wait(50)
      return get(key)
    }
    Object.assign(world.store, { get: slow })
    const ask = { slots: 1, freeSlots: 2, waitSeconds: 0 }
    const both = Promise.all([say('receive', ask), say('receive', ask)])
    await world.clock.advance(100)
    await both
    expect(await live()).toEqual(['0 free'])
  })

  it.each([60, 3_600])('is known to be there as long as it renews its leases of %i s', async (leaseSeconds) => {
    const { world, say, fill, live } = await createHub({ leaseSeconds })
    const runs = await fill()
    for (let renewals = 0; renewals < 20; renewals++) {
      await world.clock.advance(renewEveryMs(leaseSeconds) - 1)
      await tickMinute(world, nothing)
      expect(await live()).toEqual(['0 free'])
      await say('renew', { runs })
    }
  })

  it('renews all the same when that cannot be told', async () => {
    const { world, say, fill, live } = await createHub()
    const runs = await fill()
    await world.clock.advance(31_000)
    // The two heads are written, and then not the instance.
    world.upsets.push(undefined, undefined, 'before')
    expect(await say('renew', { runs })).toMatchObject({ runs: [{ outcome: 'owned' }, { outcome: 'owned' }] })
    await world.clock.advance(100_000)
    expect(await live()).toEqual([])
    await say('renew', { runs })
    expect(await live()).toEqual(['0 free'])
  })
})

it('a run that ends while it is being renewed is not held any more', async () => {
  const { world, calls, say, fill } = await createHub()
  const runs = await fill()
  const { done } = world.queue
  // The bell's deletion, which the renewal waits for, takes until the end has been written.
  let goOn = () => {}
  const ended = new Promise<void>((resolve) => {
    goOn = resolve
  })
  let deletions = 0
  const slow: typeof done = async (worker, receipt) => {
    if (deletions++ < runs.length) await ended
    return done.call(world.queue, worker, receipt)
  }
  Object.assign(world.queue, { done: slow })
  const renewing = say('renew', { runs })
  await world.clock.advance(0)
  await say('complete', { ends: runs.map((run) => ({ kind: 'succeed', ...run })) })
  goOn()
  await renewing
  expect([...calls.sessions()].map((session) => session.runs.size)).toEqual([0])
})

it('an instance that was killed is forgotten after two minutes', async () => {
  const { world, live } = await createHub()
  await world.clock.advance(119_999)
  expect(await live()).toHaveLength(1)
  await world.clock.advance(1)
  expect(await live()).toEqual([])
})

it('one whose generation is over while it waits takes nothing that comes then', async () => {
  const { world, manifest, receive, submit } = await createHub()
  const waiting = receive(2, 20)
  await world.clock.advance(1_000)
  await putWorker(world, { manifest, launch: {}, generation: 'mill:2', by: 'ann' })
  await registerInstance(world, { instance: 'i2', worker: 'mill', generation: 'mill:2', concurrency: 2 })
  await submit()
  await world.clock.advance(100)
  expect((await waiting).grants).toEqual([])
  expect(await receive()).toMatchObject({ grants: [], drain: true })
  expect(await world.queue.depth('mill')).toMatchObject({ visible: 1 })
})
