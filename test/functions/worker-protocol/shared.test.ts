import { expect, it } from 'vitest'
import { Manifest } from '#core/contract/manifest'
import type { RunAnswer, WorkerProtocolOp } from '#core/contract/worker-protocol'
import { toldKey } from '#core/keys'
import { createTask } from '#core/tasks/create'
import { readInstances } from '#core/workers/fleet'
import { putWorker } from '#core/workers/put-worker'
import { createWorkerCalls } from '#functions/worker-protocol/worker-calls'
import { createMemoryWorld } from '../../support/memory-world.ts'

/** Two processes serve the protocol over one table, as functions of an account do; each call meets one of them. */

interface Granted {
  readonly grants: readonly {
    readonly run: string
    readonly ticket: string
    readonly alone?: boolean
    readonly task: { readonly id: string; readonly arguments?: unknown }
  }[]
}

async function twoProcesses({ min = 0 } = {}) {
  const world = createMemoryWorld()
  const manifest = { name: 'mill', commands: [{ name: 'mill.grind' }], concurrency: 4, scaling: { min, max: 4 } }
  await putWorker(world, { manifest: Manifest.parse(manifest), launch: {}, by: 'ann' })
  const start = () => createWorkerCalls(world, (ask) => putWorker(world, ask), { isShared: true })
  const processes = { one: start(), two: start() }
  let nonces = 0
  const call = (to: keyof typeof processes, op: WorkerProtocolOp, fields: object, nonce = `n${nonces++}`) =>
    processes[to].call(op, { worker: 'mill', instance: 'i-1', nonce, ...fields }, 'ann')
  return {
    world,
    call,
    register: (to: keyof typeof processes) => call(to, 'register', { concurrency: 4, runs: [] }),
    receive: async (to: keyof typeof processes, fields: object = {}, nonce?: string) =>
      (await call(to, 'receive', { slots: 4, freeSlots: 4, waitSeconds: 0, ...fields }, nonce)) as Granted,
    submit: async (text = 'rye') => {
      const id = world.ids.next()
      const command = { worker: 'mill', name: 'mill.grind', version: 1 }
      const retry = { maxRuns: 9, minSeconds: 0, maxSeconds: 0, factor: 1, jitter: 'none' } as const
      const task = { command: 'mill.grind', arguments: { grain: text }, retry }
      await createTask(world, { task, command, by: 'ann', id, argumentsBytes: text.length + 12 })
      return id
    },
  }
}

const only = <T>(all: readonly T[]): T => {
  const [one] = all
  if (one === undefined || all.length > 1) throw new Error(`${all.length}, not one`)
  return one
}

it('what one process registered, another receives, renews and ends for', async () => {
  const { call, register, receive, submit } = await twoProcesses()
  await register('one')
  const taskId = await submit()
  const { run, ticket, task } = only((await receive('two')).grants)
  expect(task).toMatchObject({ id: taskId, arguments: { grain: 'rye' } })
  const renewed = (await call('one', 'renew', { runs: [{ taskId, run, ticket }] })) as { runs: RunAnswer[] }
  expect(renewed.runs).toEqual([{ run, outcome: 'owned' }])
  const ended = (await call('two', 'complete', { ends: [{ kind: 'succeed', taskId, run }] })) as { runs: RunAnswer[] }
  expect(ended.runs).toEqual([{ run, outcome: 'done' }])
})

it('an instance that nobody registered, or that has left, is told to register', async () => {
  const { call, register, receive } = await twoProcesses()
  await expect(receive('one')).rejects.toMatchObject({ code: 'not-registered' })
  await register('one')
  await receive('two')
  expect(await call('two', 'leave', { phase: 'gone' })).toEqual({})
  await expect(receive('two')).rejects.toMatchObject({ code: 'not-registered' })
  expect(await call('two', 'leave', { phase: 'gone' })).toEqual({})
})

it.each(['rye', 'r'.repeat(2_000)])(
  'a receive repeated to another process gets what the first granted',
  async (text) => {
    const { world, register, receive, submit } = await twoProcesses()
    await register('one')
    await submit(text)
    await submit('later')
    const first = await receive('one', { slots: 1 }, 'same')
    expect(first.grants).toHaveLength(1)
    expect(await receive('two', { slots: 1 }, 'same')).toEqual(first)
    const kept = await world.store.get(toldKey('mill', 'i-1', 'same'))
    expect(kept?.expiresAt).toBeGreaterThan(world.clock.now())
  },
)

it('such a repeat does not get what has ended since, nor anything else', async () => {
  const { call, register, receive, submit } = await twoProcesses()
  await register('one')
  const taskId = await submit()
  await submit('later')
  const { run } = only((await receive('one', { slots: 1 }, 'same')).grants)
  await call('one', 'complete', { ends: [{ kind: 'succeed', taskId, run }] })
  expect((await receive('two', { slots: 1 }, 'same')).grants).toEqual([])
  expect((await receive('two', { slots: 1 })).grants).toHaveLength(1)
})

it('a receive waits for five seconds at most, whatever it asks for', async () => {
  const { world, register, receive } = await twoProcesses()
  await register('one')
  let isAnswered = false
  const receiving = receive('two', { waitSeconds: 20 }).then((answer) => {
    isAnswered = true
    return answer
  })
  await world.clock.advance(4_999)
  expect(isAnswered).toBe(false)
  await world.clock.advance(1)
  expect(await receiving).toEqual({ grants: [] })
})

it('a task that must run alone is given only to an instance that says that it is empty', async () => {
  const { world, call, register, receive, submit } = await twoProcesses()
  await register('one')
  const alone = await submit()
  for (let crashes = 0; crashes < 2; crashes++) {
    await receive('one')
    await world.clock.advance(71_000)
  }
  const plain = await submit('other')
  const busy = only((await receive('two')).grants.filter(({ task }) => task.id === plain))
  expect((await receive('one', { slots: 3, freeSlots: 3 })).grants).toEqual([])
  await call('two', 'complete', { ends: [{ kind: 'succeed', taskId: plain, run: busy.run }] })
  // The process that drew it keeps its bell, and the instance says by now that it is empty.
  expect(await receive('one')).toMatchObject({ grants: [{ alone: true, task: { id: alone } }] })
})

it('one that is idle may leave by a process that has not heard how its runs ended', async () => {
  const { call, register, receive, submit } = await twoProcesses()
  await register('one')
  const taskId = await submit()
  const { run } = only((await receive('one')).grants)
  await call('two', 'complete', { ends: [{ kind: 'succeed', taskId, run }] })
  await expect(call('one', 'leave', { phase: 'leaving', idle: true })).resolves.toEqual({})
})

it('one that is full may leave though the worker keeps one instance, for it is ending', async () => {
  const { world, call, register, receive, submit } = await twoProcesses({ min: 1 })
  await register('one')
  await submit()
  await receive('one')
  await world.clock.advance(30_000)
  await receive('two', { slots: 1, freeSlots: 3, waitSeconds: 0 })
  await expect(call('two', 'leave', { phase: 'leaving' })).resolves.toEqual({})
  expect(await readInstances(world, 'mill')).toMatchObject([{ id: 'i-1', freeSlots: 0 }])
})
