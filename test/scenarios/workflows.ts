import { expect } from 'vitest'
import { until } from '../support/until.ts'
import { movesOf, type Scenario } from './scenario.ts'

/** Tasks that remember, wait and make others. */

const workers = ['flows']
const most = { timeoutSeconds: 30 }
/** From zero an instance needs its time in an account. */
const startMs = 90_000

export const workflows: readonly Scenario[] = [
  {
    name: 'a step is done once, however often its task runs',
    workers,
    play: async ({ client }) => {
      const retry = { maxRuns: 3, minSeconds: 0, maxSeconds: 0 }
      const { id } = await client.submit('flows.steps', { failures: 2 }, { retry } as never)
      const ended = await client.wait(id, most)
      expect(ended).toMatchObject({ status: 'succeeded', result: { output: { charge: 1, runs: 3 } } })
      expect(await client.steps(id)).toMatchObject([{ id: 'charge', kind: 'step', state: 'done' }])
    },
  },
  {
    name: 'a sleep holds no slot and ends in time',
    workers,
    play: async ({ client, home }) => {
      const { id } = await client.submit('flows.nap', { seconds: 2 })
      const seen = await until(
        'it sleeps',
        async () => {
          const task = await client.get(id)
          return task.status === 'suspended' && task.waitingFor
        },
        startMs,
      )
      expect(seen).toMatchObject({ kind: 'step', until: expect.any(String) })
      const { result, ...ended } = await client.wait<{ sleptMs: number; runs: number }>(id, most)
      const { sleptMs = 0, runs } = result?.output ?? {}
      expect(sleptMs).toBeGreaterThanOrEqual(1_900)
      expect(sleptMs).toBeLessThan(home === 'embedded' ? 3_500 : 30_000)
      expect([runs, ended.status]).toEqual([2, 'succeeded'])
    },
  },
  {
    name: 'a signal wakes who waits, and a wrong one is refused meanwhile',
    workers,
    play: async ({ client }) => {
      const { id } = await client.submit('flows.approval')
      await until('it waits', async () => (await client.get(id)).status === 'suspended', startMs)
      await expect(client.signal(id, 'approved', { by: 7 })).rejects.toMatchObject({ status: 422 })
      await client.signal(id, 'approved', { by: 'ann' })
      const ended = await client.wait(id, most)
      expect(ended).toMatchObject({ status: 'succeeded', result: { output: { approvedBy: 'ann' } } })
      expect(movesOf(await client.get(id))).toContain('suspended')
      await expect(client.signal(id, 'approved', { by: 'ann' })).rejects.toMatchObject({ status: 409 })
    },
  },
  {
    name: 'a signal that does not come in time fails its task, in words',
    workers,
    play: async ({ client }) => {
      const { id } = await client.submit('flows.hurry')
      const ended = await client.wait(id, most)
      expect(ended).toMatchObject({ status: 'failed', error: { code: 'signal-timeout' } })
    },
  },
  {
    name: 'a parent goes on with the outputs of its sub tasks in order',
    workers,
    play: async ({ client }) => {
      const { id } = await client.submit('flows.fan', { count: 12 })
      const ended = await client.wait(id, most)
      expect(ended).toMatchObject({ status: 'succeeded', result: { output: 132 } })
      const { tasks } = await client.children(id, { limit: 100 })
      expect(tasks).toHaveLength(12)
      for (const child of tasks) expect(child).toMatchObject({ status: 'succeeded', parentId: id, rootId: id })
    },
  },
  {
    name: 'one failed sub task fails its parent, unless that goes on with what it got',
    workers,
    play: async ({ client }) => {
      const strict = await client.submit('flows.fan', { count: 3, failing: 1 })
      const tolerant = await client.submit('flows.tolerant', { count: 3, failing: 1 })
      expect(await client.wait(strict.id, most)).toMatchObject({ status: 'failed', error: { code: 'sub-task-failed' } })
      expect((await client.wait(tolerant.id, most)).result?.output).toEqual([0, 'failed', 4])
    },
  },
  {
    name: 'created sub tasks are waited for later',
    workers,
    play: async ({ client }) => {
      const { id } = await client.submit('flows.later')
      const { result } = await client.wait(id, most)
      expect(result?.output).toEqual({ noted: 2, outputs: [{ doubled: 2 }, { doubled: 4 }] })
    },
  },
  {
    name: 'a tree ten deep',
    workers,
    play: async ({ client }) => {
      const { id } = await client.submit('flows.deep', { depth: 9 })
      expect((await client.wait(id, { timeoutSeconds: 60 })).result?.output).toBe(10)
    },
  },
  {
    name: 'two waits at once',
    workers,
    play: async ({ client }) => {
      const { id } = await client.submit('flows.both')
      await until('it waits', async () => (await client.get(id)).status === 'suspended', startMs)
      await client.signal(id, 'go', 'now')
      expect((await client.wait(id, most)).result?.output).toEqual({ data: 'now' })
    },
  },
  {
    name: 'a cancel goes down the tree',
    workers,
    play: async ({ client }) => {
      const { id } = await client.submit('flows.holds')
      await until('it waits', async () => (await client.get(id)).status === 'suspended', startMs)
      const [leaf] = (await client.children(id)).tasks
      await until('its sub task runs', async () => (await client.get(leaf?.id ?? '')).status === 'running', startMs)
      await client.cancel(id, { reason: 'not wanted' })
      expect(await client.wait(leaf?.id ?? '', most)).toMatchObject({ status: 'canceled' })
    },
  },
  {
    name: 'a task that is canceled in a wait undoes what it did',
    workers,
    play: async ({ client }) => {
      const { id } = await client.submit('flows.booking')
      await until('it waits', async () => (await client.get(id)).status === 'suspended', startMs)
      await client.cancel(id, { reason: 'not wanted' })
      expect(await client.wait(id, { timeoutSeconds: 90 })).toMatchObject({ status: 'canceled', statusCode: 499 })
      const undone = (await client.steps(id)).find((step) => step.id === 'give back')
      expect(undone).toMatchObject({ state: 'done', output: 'seat 7' })
    },
  },
  {
    name: 'a graph in one call runs in its order, and what depends on a failure fails with the reason',
    workers,
    play: async ({ client }) => {
      const task = (ref: string, dependsOn?: string[], fails = false) => ({
        ref,
        command: 'flows.leaf',
        arguments: { value: 1, fails },
        ...(dependsOn === undefined ? {} : { dependsOn }),
      })
      const ids = await client.submitBatch([task('d', ['b', 'c']), task('b', ['a']), task('c', ['a']), task('a')])
      const ended = await Promise.all(ids.map((id) => client.wait(id, most)))
      expect(ended.map(({ status }) => status)).toEqual(Array(4).fill('succeeded'))
      const [d, b, c, a] = ended.map(({ startedAt = '', stoppedAt = '' }) => ({ startedAt, stoppedAt }))
      for (const middle of [b, c]) {
        expect((middle?.startedAt ?? '') >= (a?.stoppedAt ?? '')).toBe(true)
        expect((d?.startedAt ?? '') >= (middle?.stoppedAt ?? '')).toBe(true)
      }
      const [first, second] = await client.submitBatch([task('x', undefined, true), task('y', ['x'])])
      expect(await client.wait(first ?? '', most)).toMatchObject({ status: 'failed' })
      expect(await client.wait(second ?? '', most)).toMatchObject({ status: 'failed', statusCode: 424, runCount: 0 })
    },
  },
  {
    name: 'a task may depend on one that has ended, and on one that its sibling is',
    workers,
    play: async ({ client }) => {
      const before = await client.submit('flows.leaf', { value: 1 })
      await client.wait(before.id, most)
      const after = await client.submit('flows.leaf', { value: 2 }, { dependsOn: [before.id] })
      expect(await client.wait(after.id, most)).toMatchObject({ status: 'succeeded', dependencies: 1 })
      const chain = await client.submit('flows.chain')
      expect((await client.wait(chain.id, most)).result?.output).toEqual([{ doubled: 4 }])
    },
  },
]
