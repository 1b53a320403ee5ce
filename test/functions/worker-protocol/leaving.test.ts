import { describe, expect, it } from 'vitest'
import { createTask } from '#core/tasks/create'
import { readFleet, readInstances } from '#core/workers/fleet'
import { putWorker } from '#core/workers/put-worker'
import { createWorkerCalls } from '#functions/worker-protocol/worker-calls'
import { createMemoryWorld } from '../../support/memory-world.ts'

/** How the hub takes it when instances go: idle ones that find work after all, and processes that end. */

const taskId = '01ARZ3NDEKTSV4RRFFQ69G5FAV'

async function createHub(min = 0) {
  const world = createMemoryWorld()
  const manifest = {
    manifest: 1 as const,
    name: 'mill',
    commands: [{ name: 'mill.grind', version: 1 }],
    concurrency: 2,
    scaling: { min, max: 4 },
    idleSeconds: 1,
  }
  await putWorker(world, { manifest, launch: { module: 'mill' }, by: 'ann' })
  const calls = createWorkerCalls(world, (ask) => putWorker(world, ask))
  let nonces = 0
  return {
    world,
    calls,
    say: (op: Parameters<typeof calls.call>[0], instance: string, fields: object) =>
      calls.call(op, { worker: 'mill', instance, nonce: `n${nonces++}`, ...fields }, 'ann'),
    submit: () =>
      createTask(world, {
        task: { command: 'mill.grind' },
        command: { worker: 'mill', name: 'mill.grind', version: 1 },
        by: 'ann',
        id: taskId,
        argumentsBytes: 0,
      }),
    state: async () =>
      (await readInstances(world, 'mill')).map(({ state, freeSlots }) => `${state}, ${freeSlots} free`),
    breaker: async () => (await readFleet(world, 'mill'))?.fleet.breaker,
  }
}

const register = (launch: string) => ({ concurrency: 2, runs: [], launch, pid: 1 })
const receive = (waitSeconds: number) => ({ slots: 2, freeSlots: 2, waitSeconds })

describe('an instance that leaves', () => {
  it('was no failed start when its process ends after its good-bye', async () => {
    const { say, calls, breaker } = await createHub()
    for (const name of ['a', 'b', 'c', 'd']) await say('register', name, register(`launch-${name}`))
    for (const name of ['a', 'b', 'c', 'd']) {
      await say('leave', name, { phase: 'leaving' })
      await say('leave', name, { phase: 'gone' })
    }
    for (const name of ['a', 'b', 'c', 'd']) {
      await calls.instanceDied({ launch: `launch-${name}`, worker: 'mill', why: 'it exited with code 0' })
    }
    expect(await breaker()).toBeUndefined()
  })

  it('is a failed start when its process ends before it registered', async () => {
    const { calls, breaker } = await createHub()
    await calls.instanceDied({ launch: 'launch-a', worker: 'mill', why: 'it exited with code 1' })
    expect(await breaker()).toMatchObject({ failures: 1 })
  })

  it('does not wait for the receives that were open when it said so', async () => {
    const { say } = await createHub()
    await say('register', 'a', register('launch-a'))
    const open = say('receive', 'a', receive(20))
    await say('leave', 'a', { phase: 'leaving' })
    expect(await open).toEqual({ grants: [] })
  })

  it('is asked to stay while its worker would have too few without it', async () => {
    const { say, state } = await createHub(1)
    await say('register', 'a', register('launch-a'))
    await say('register', 'b', register('launch-b'))
    await say('leave', 'a', { phase: 'leaving' })
    await expect(say('leave', 'b', { phase: 'leaving' })).rejects.toMatchObject({ code: 'conflict' })
    expect(await state()).toEqual(['live, 0 free', 'live, 2 free'])
  })

  it.each(['one after the other', 'at the same moment'])(
    'does not go if another one, which another process serves, goes already: %s',
    async (when) => {
      const { world, say, state } = await createHub(1)
      const other = createWorkerCalls(world, (ask) => putWorker(world, ask))
      const sayOther = (op: 'register' | 'leave', fields: object) =>
        other.call(op, { worker: 'mill', instance: 'b', nonce: op, ...fields }, 'ann')
      await say('register', 'a', register('launch-a'))
      await sayOther('register', register('launch-b'))
      const first = say('leave', 'a', { phase: 'leaving', idle: true })
      if (when === 'one after the other') await first
      const second = sayOther('leave', { phase: 'leaving', idle: true })
      const outcomes = await Promise.allSettled([first, second])
      expect(outcomes.map(({ status }) => status)).toContain('rejected')
      // Who stays offers its places again.
      expect(await state()).toContain('live, 2 free')
    },
  )

  it('counts no more when it ends while a task still runs on it', async () => {
    const { say, submit, state } = await createHub()
    await say('register', 'a', register('launch-a'))
    await submit()
    await say('receive', 'a', receive(1))
    await say('leave', 'a', { phase: 'leaving' })
    expect(await state()).toEqual(['leaving, 0 free'])
  })

  it('stays when it asks to go for want of work while a grant is on its way to it', async () => {
    const { say, submit, state } = await createHub()
    await say('register', 'a', register('launch-a'))
    await submit()
    await say('receive', 'a', receive(1))
    await expect(say('leave', 'a', { phase: 'leaving', idle: true })).rejects.toMatchObject({ code: 'conflict' })
    expect(await state()).toEqual(['live, 2 free'])
  })

  it('keeps its place but offers none, until its last receive finds work', async () => {
    const { say, submit, state } = await createHub()
    await say('register', 'a', register('launch-a'))
    await say('leave', 'a', { phase: 'leaving' })
    expect(await state()).toEqual(['live, 0 free'])
    await submit()
    expect(await say('receive', 'a', receive(1))).toMatchObject({ grants: [{ task: { id: taskId } }] })
    expect(await state()).toEqual(['live, 1 free'])
  })
})
