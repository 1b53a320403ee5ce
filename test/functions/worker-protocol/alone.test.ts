import { expect, it } from 'vitest'
import { createTask } from '#core/tasks/create'
import { putWorker } from '#core/workers/put-worker'
import { createWorkerCalls } from '#functions/worker-protocol/worker-calls'
import { createMemoryWorld } from '../../support/memory-world.ts'

/** Tasks that crashed twice run alone in their instance (protocol 18), however many of them there are. */

interface Granted {
  readonly grants: readonly { readonly run: string; readonly alone?: boolean; readonly task: { readonly id: string } }[]
}

const ids = ['01ARZ3NDEKTSV4RRFFQ69G5FA0', '01ARZ3NDEKTSV4RRFFQ69G5FA1', '01ARZ3NDEKTSV4RRFFQ69G5FA2']

async function createHub() {
  const world = createMemoryWorld()
  const manifest = {
    manifest: 1 as const,
    name: 'mill',
    commands: [{ name: 'mill.grind', version: 1 }],
    concurrency: 8,
    scaling: { min: 0, max: 4 },
    idleSeconds: 30,
  }
  await putWorker(world, { manifest, launch: { module: 'mill' }, by: 'ann' })
  const calls = createWorkerCalls(world, (ask) => putWorker(world, ask))
  let nonces = 0
  const say = (op: Parameters<typeof calls.call>[0], instance: string, fields: object) =>
    calls.call(op, { worker: 'mill', instance, nonce: `n${nonces++}`, ...fields }, 'ann')
  return {
    world,
    register: (instance: string) =>
      say('register', instance, { concurrency: 8, runs: [], launch: `launch-${instance}`, pid: 1 }),
    receive: async (instance: string) => {
      const answer = say('receive', instance, { slots: 8, freeSlots: 8, waitSeconds: 0 })
      await world.clock.advance(500)
      return ((await answer) as Granted).grants
    },
    complete: (instance: string, taskId: string, run: string) =>
      say('complete', instance, { ends: [{ kind: 'succeed', taskId, run }] }),
    die: (instance: string) => calls.instanceDied({ launch: `launch-${instance}`, worker: 'mill', why: 'killed' }),
    submit: (id: string) =>
      createTask(world, {
        task: { command: 'mill.grind', retry: { maxRuns: 3, minSeconds: 0, maxSeconds: 0, factor: 1, jitter: 'none' } },
        command: { worker: 'mill', name: 'mill.grind', version: 1 },
        by: 'ann',
        id,
        argumentsBytes: 0,
      }),
  }
}

async function crashedTwice() {
  const hub = await createHub()
  for (const id of ids) await hub.submit(id)
  for (const instance of ['one', 'two']) {
    await hub.register(instance)
    expect(await hub.receive(instance)).toHaveLength(ids.length)
    await hub.die(instance)
  }
  await hub.register('three')
  return hub
}

it('several of them whose bells come together run one after another, each alone', async () => {
  const { world, receive, complete } = await crashedTwice()
  const ran: string[] = []
  for (let looks = 0; looks < 20 && ran.length < ids.length; looks++) {
    const [grant, ...others] = await receive('three')
    expect(others).toEqual([])
    if (grant !== undefined) {
      expect(grant.alone).toBe(true)
      // Nothing else comes while it runs.
      expect(await receive('three')).toEqual([])
      await complete('three', grant.task.id, grant.run)
      ran.push(grant.task.id)
    }
    await world.clock.advance(1_000)
  }
  expect(ran.toSorted()).toEqual(ids)
})

it('one of them waits until the instance that drew it is empty, and nothing new starts there meanwhile', async () => {
  const { world, submit, receive, complete } = await crashedTwice()
  const plain = ['01ARZ3NDEKTSV4RRFFQ69G5FB0', '01ARZ3NDEKTSV4RRFFQ69G5FB1']
  await submit(plain[0] ?? '')
  const [running, ...others] = await receive('three')
  expect(others).toEqual([])
  expect(running).toMatchObject({ task: { id: plain[0] } })
  expect(running).not.toHaveProperty('alone')
  await submit(plain[1] ?? '')
  expect(await receive('three')).toEqual([])
  await complete('three', running?.task.id ?? '', running?.run ?? '')
  await world.clock.advance(1_000)
  expect(await receive('three')).toMatchObject([{ alone: true }])
})
