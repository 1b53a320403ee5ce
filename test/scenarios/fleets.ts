import { setTimeout as pause } from 'node:timers/promises'
import { expect } from 'vitest'
import type { Client } from '#client/index'
import { until } from '../support/until.ts'
import type { Scenario } from './scenario.ts'

/** How instances come and go. */

const lookEveryMs = 50

export const fleets: readonly Scenario[] = [
  {
    name: 'instances grow from none with the work, never above the most, and leave when it is done, twice',
    workers: ['burst'],
    play: async ({ client, home }) => {
      for (const round of [1, 2]) {
        await until(
          `no instance before round ${round}`,
          async () => (await client.worker('burst')).instances === 0,
          20_000,
        )
        const tasks = Array.from({ length: 12 }, () => ({ command: 'burst.hold', arguments: { ms: 900 } }))
        const watching = watchInstances(client)
        const submittedAtMs = performance.now()
        const ids = await client.submitBatch(tasks)
        const pids = new Set<unknown>()
        for (const id of ids) {
          const { status, result } = await client.wait(id, { timeoutSeconds: 60 })
          expect(status).toBe('succeeded')
          pids.add(result?.output)
        }
        // Twelve tasks of 0.9 s in six places: a breaker or a forgotten launch would show as half a minute.
        // In an account each is a container; the harness starts them with half a dozen programs beside them.
        expect(performance.now() - submittedAtMs).toBeLessThan(home === 'account' ? 60_000 : 15_000)
        const most = await watching.stop()
        expect(most).toBeGreaterThan(1)
        expect(most).toBeLessThanOrEqual(3)
        await until('all have left', async () => (await client.worker('burst')).instances === 0, 20_000)
        expect(await client.worker('burst')).not.toHaveProperty('breaker')
      }
    },
  },
  {
    name: 'a paused worker starts nothing, and goes on when resumed',
    workers: ['burst'],
    play: async ({ client }) => {
      expect(await client.pause('burst', { reason: 'test' })).toMatchObject({ paused: true })
      const { id } = await client.submit('burst.hold', { ms: 1 })
      const looked = await client.get(id, { waitSeconds: 1 })
      expect(looked).toMatchObject({ status: 'queued' })
      expect(await client.resume('burst')).toMatchObject({ paused: false })
      expect(await client.wait(id, { timeoutSeconds: 20 })).toMatchObject({ status: 'succeeded' })
    },
  },
  {
    name: 'an instance is recycled after its number of tasks, and another one goes on',
    workers: ['recycled'],
    play: async ({ client }) => {
      const tasks = Array.from({ length: 7 }, () => ({ command: 'recycled.pid' }))
      const ids = await client.submitBatch(tasks)
      const ran = new Map<unknown, number>()
      for (const id of ids) {
        const ended = await client.wait(id, { timeoutSeconds: 60 })
        expect(ended.status).toBe('succeeded')
        const key = JSON.stringify(ended.result?.output)
        ran.set(key, (ran.get(key) ?? 0) + 1)
      }
      expect(ran.size).toBeGreaterThanOrEqual(2)
      expect(await client.worker('recycled')).not.toHaveProperty('breaker')
    },
  },
]

/** The most instances seen at a time. Those that start are not added: one that registers counts as both for a moment. */
function watchInstances(client: Client): { readonly stop: () => Promise<number> } {
  let most = 0
  let isStopped = false
  const watching = (async () => {
    while (!isStopped) {
      most = Math.max(most, (await client.worker('burst')).instances)
      await pause(lookEveryMs)
    }
  })()
  return {
    stop: async () => {
      isStopped = true
      await watching
      return most
    },
  }
}
