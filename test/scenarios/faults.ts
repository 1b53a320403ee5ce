import { expect } from 'vitest'
import { until } from '../support/until.ts'
import { movesOf, type Scenario } from './scenario.ts'

/** What workers do that they should not, and what their tasks come to. */

const workers = ['faulty']

export const faults: readonly Scenario[] = [
  {
    name: 'a handler that throws has failed its task, with its words',
    workers,
    play: async ({ client }) => {
      const { id } = await client.submit('faulty.throw')
      const ended = await client.wait(id, { timeoutSeconds: 20 })
      expect(ended).toMatchObject({ status: 'failed', statusCode: 500, error: { message: 'thrown on purpose' } })
    },
  },
  {
    name: 'a rejection that comes after the end harms nobody',
    workers,
    play: async ({ client }) => {
      const { id } = await client.submit('faulty.late')
      expect(await client.wait(id, { timeoutSeconds: 20 })).toMatchObject({ status: 'succeeded' })
      const after = await client.submit('faulty.pid')
      expect(await client.wait(after.id, { timeoutSeconds: 20 })).toMatchObject({ status: 'succeeded' })
    },
  },
  {
    name: 'an output that is no JSON fails its task and says where',
    workers,
    play: async ({ client }) => {
      const { id } = await client.submit('faulty.output')
      const ended = await client.wait(id, { timeoutSeconds: 20 })
      expect(ended.status).toBe('failed')
      expect(ended.error?.message).toMatch(/amounts/)
    },
  },
  {
    name: 'a flood of progress leaves its last word and a bounded history',
    workers,
    play: async ({ client }) => {
      const { id } = await client.submit('faulty.flood')
      const ended = await client.wait(id, { timeoutSeconds: 20 })
      expect(ended).toMatchObject({ status: 'succeeded', progress: { percent: 100, message: 'the last one' } })
    },
  },
  {
    name: 'a handler that blocks the event loop for longer than its lease keeps its task',
    workers,
    play: async ({ client }) => {
      const { id } = await client.submit('faulty.block', { ms: 6_500 })
      const ended = await client.wait(id, { timeoutSeconds: 25 })
      expect(ended).toMatchObject({ status: 'succeeded', runCount: 1 })
      expect(ended.crashCount ?? 0).toBe(0)
    },
  },
  {
    name: 'a process that exits in the middle is a crash, and after three its task has failed',
    workers,
    play: async ({ client }) => {
      // On one machine the end of a process is seen; in an account its bell comes back when the lease is over.
      const { id } = await client.submit('faulty.exit')
      const ended = await client.wait(id, { timeoutSeconds: 90 })
      expect(ended).toMatchObject({ status: 'failed', crashCount: 3, error: { code: 'crashed' } })
      expect(movesOf(await client.get(id)).filter((move) => move === 'crashed')).toHaveLength(2)
      const after = await client.submit('faulty.pid')
      expect(await client.wait(after.id, { timeoutSeconds: 20 })).toMatchObject({ status: 'succeeded' })
    },
  },
  {
    name: 'a handler that never returns is ended by its time limit, and its instance is replaced',
    workers,
    play: async ({ client }) => {
      const { id } = await client.submit('faulty.never')
      const ended = await client.wait(id, { timeoutSeconds: 25 })
      expect(ended).toMatchObject({ status: 'failed', statusCode: 408, error: { code: 'timeout' } })
      const instance = (await client.get(id)).history.find(({ move }) => move === 'started')?.by
      const other = await until('another instance', async () => {
        const task = await client.submit('faulty.pid')
        await client.wait(task.id, { timeoutSeconds: 20 })
        const ran = (await client.get(task.id)).history.find(({ move }) => move === 'started')?.by
        return ran !== instance && ran
      })
      expect(other).toBeDefined()
    },
  },
]
