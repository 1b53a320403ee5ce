import { expect } from 'vitest'
import { until } from '../support/until.ts'
import { epochMs, movesOf, type Scenario } from './scenario.ts'

/** What happens when: delays, deadlines, backoff, progress, and being told to stop. */

const workers = ['basics']

export const times: readonly Scenario[] = [
  {
    // In an account a task that falls due on an empty fleet is seen by the clock first, and waits for a container.
    name: 'startAfter is met to the second',
    homes: ['embedded'],
    workers,
    play: async ({ client }) => {
      // Not from zero instances: how long one takes to come up is another matter.
      await client.wait((await client.submit('basics.started')).id, { timeoutSeconds: 20 })
      const startAfter = new Date(Date.now() + 2_500)
      const { id } = await client.submit('basics.started', undefined, { startAfter: startAfter.toISOString() })
      expect((await client.get(id)).waitingFor).toMatchObject({ until: startAfter.toISOString() })
      const ended = await client.wait(id, { timeoutSeconds: 20 })
      const lateMs = epochMs(ended.startedAt) - startAfter.getTime()
      expect(lateMs).toBeGreaterThanOrEqual(0)
      expect(lateMs).toBeLessThan(1_000)
    },
  },
  {
    name: 'a task whose start window closed expires without running',
    workers: ['burst'],
    play: async ({ client }) => {
      // An instance that is there already may take a task before it hears of the pause.
      await until('no instance', async () => (await client.worker('burst')).instances === 0, 30_000)
      await client.pause('burst', { reason: 'so that nothing starts' })
      const { id } = await client.submit('burst.hold', { ms: 1 }, { notStartAfter: { seconds: 1 } })
      const ended = await client.wait(id, { timeoutSeconds: 20 })
      await client.resume('burst')
      expect(ended).toMatchObject({ status: 'expired', statusCode: 410, runCount: 0 })
    },
  },
  {
    name: 'progress is seen while it runs',
    workers,
    play: async ({ client }) => {
      const { id } = await client.submit('basics.count')
      const onTheWay = async () => {
        const task = await client.get(id)
        const { percent = 0 } = task.progress ?? {}
        return task.status === 'running' && percent > 0 && percent < 100 && task.progress
      }
      const seen = await until('progress on the way', onTheWay, 60_000)
      expect(seen.message).toBe(`at ${seen.percent}`)
      const ended = await client.wait(id, { timeoutSeconds: 20 })
      expect(ended).toMatchObject({ status: 'succeeded', progress: { percent: 100 } })
    },
  },
  {
    name: 'a failed run is tried again after its backoff, until it succeeds',
    workers,
    play: async ({ client }) => {
      const { id } = await client.submit('basics.flaky', { failures: 2 })
      const ended = await client.wait(id, { timeoutSeconds: 20 })
      expect(ended).toMatchObject({ status: 'succeeded', runCount: 3, result: { output: { run: 3 } } })
      const task = await client.get(id)
      expect(movesOf(task)).toEqual([
        'created',
        'started',
        'will retry',
        'started',
        'will retry',
        'started',
        'succeeded',
      ])
      const at = task.history.map((entry) => epochMs(entry.at))
      const pauses = [2, 4].map((index) => (at[index + 1] ?? 0) - (at[index] ?? 0))
      expect(pauses[0]).toBeGreaterThanOrEqual(400)
      expect(pauses[1]).toBeGreaterThanOrEqual(800)
      for (const pauseMs of pauses) expect(pauseMs).toBeLessThan(2_500)
    },
  },
  {
    name: 'after its last run it has failed, and a person may run it again',
    workers,
    play: async ({ client }) => {
      const { id } = await client.submit(
        'basics.flaky',
        { failures: 9 },
        { retry: { maxRuns: 2, minSeconds: 0, maxSeconds: 0, factor: 1, jitter: 'none' } },
      )
      const ended = await client.wait(id, { timeoutSeconds: 20 })
      expect(ended).toMatchObject({ status: 'failed', runCount: 2, error: { code: 'flaky', message: 'run 2 fails' } })
      await client.retry(id, { reason: 'once more' })
      const again = await client.wait(id, { timeoutSeconds: 20 })
      expect(again).toMatchObject({ status: 'failed', runCount: 4 })
    },
  },
  {
    name: 'a queued task is canceled at once',
    workers,
    play: async ({ client }) => {
      const { id } = await client.submit('basics.wait', { ms: 60_000 }, { startAfter: { seconds: 600 } })
      const canceled = await client.cancel(id, { reason: 'not wanted' })
      expect(canceled).toMatchObject({ status: 'canceled', statusCode: 499, runCount: 0 })
      expect(canceled.history.at(-1)).toMatchObject({ move: 'canceled', why: 'not wanted' })
    },
  },
  {
    // In an account nobody can push to an instance: it hears with its next renewal (protocol 19).
    name: 'a running task hears of its cancel in less than a second',
    homes: ['embedded'],
    workers,
    play: async ({ client }) => {
      const { id } = await client.submit('basics.wait', { ms: 60_000 })
      await until('it runs', async () => (await client.get(id)).status === 'running')
      const askedAtMs = performance.now()
      expect(await client.cancel(id)).toMatchObject({ cancelRequested: true })
      const ended = await client.wait(id, { timeoutSeconds: 20 })
      expect(ended.status).toBe('canceled')
      expect(performance.now() - askedAtMs).toBeLessThan(1_000)
    },
  },
]
