import { expect } from 'vitest'
import { TaskuraiError } from '#client/index'
import { add } from '../fixtures/workers/basics.ts'
import { until } from '../support/until.ts'
import { movesOf, type Scenario } from './scenario.ts'

/** What a caller gives and gets: submit, look, wait, list, change, delete; small and large; the same key twice. */

const workers = ['basics']
const largeChars = 200_000

export const envelopes: readonly Scenario[] = [
  {
    name: 'a task is accepted, runs and gives its typed result',
    workers,
    play: async ({ client }) => {
      const task = await client.submit(add, { a: 2, b: 40 }, { externalId: 'sum-1', tags: { kind: 'sum' } })
      const ended = await client.wait(task, { timeoutSeconds: 20 })
      expect(ended).toMatchObject({ status: 'succeeded', statusCode: 200, runCount: 1, externalId: 'sum-1' })
      const sum: number | undefined = ended.result?.output?.sum
      expect(sum).toBe(42)
      expect(movesOf(await client.get(task.id))).toEqual(['created', 'started', 'succeeded'])
    },
  },
  {
    name: 'arguments that do not fit are refused by the name of the field, and nothing is kept',
    workers,
    play: async ({ client }) => {
      const refused = client.submit('basics.add', { a: 1, b: 'two' })
      await expect(refused).rejects.toMatchObject({ code: 'invalid-arguments' })
      await expect(refused).rejects.toThrow(/arguments\/b/)
    },
  },
  {
    name: 'a list is in pages, newest first, by command and status',
    workers,
    play: async ({ client }) => {
      const ids: string[] = []
      for (let n = 0; n < 5; n++) ids.push((await client.submit('basics.started')).id)
      for (const id of ids) await client.wait(id, { timeoutSeconds: 20 })
      const wanted = new Set(ids)
      const listed = await until('all in the list', async () => {
        const seen: string[] = []
        const query = { command: 'basics.started', status: 'succeeded', limit: 2 } as const
        for await (const task of client.listAll(query)) if (wanted.has(task.id)) seen.push(task.id)
        return seen.length === ids.length && seen
      })
      expect(listed).toEqual(ids.toReversed())
    },
  },
  {
    name: 'large arguments and outputs of 200 KB come through unharmed',
    workers,
    play: async ({ client }) => {
      const text = `ü${'0123456789'.repeat(largeChars / 10)}`
      const task = await client.submit('basics.echo', { text })
      const ended = await client.wait(task.id, { timeoutSeconds: 20 })
      expect(ended.status).toBe('succeeded')
      expect(ended.result?.output).toEqual({ text })
      expect((await client.get(task.id)).arguments).toEqual({ text })
    },
  },
  {
    name: 'the same key makes one task, another body under it is refused',
    workers,
    play: async ({ client }) => {
      const idempotencyKey = `same-${performance.now()}`
      const [one, two] = await Promise.all([
        client.submit('basics.echo', { text: 'a' }, { idempotencyKey }),
        client.submit('basics.echo', { text: 'a' }, { idempotencyKey }),
      ])
      expect(two.id).toBe(one.id)
      await client.wait(one.id, { timeoutSeconds: 20 })
      const later = await client.submit('basics.echo', { text: 'a' }, { idempotencyKey })
      expect(later).toMatchObject({ id: one.id, status: 'succeeded' })
      const other = client.submit('basics.echo', { text: 'b' }, { idempotencyKey })
      await expect(other).rejects.toMatchObject({ code: 'idempotency-conflict' })
    },
  },
  {
    name: 'people change what they read while it waits, and delete it once it has ended',
    workers,
    play: async ({ client }) => {
      const { id } = await client.submit(
        'basics.echo',
        { text: 'x' },
        { startAfter: { seconds: 3_600 }, subject: 'old' },
      )
      const patched = await client.patch(id, { subject: 'new', tags: { desk: 'two' }, startAfter: null })
      expect(patched).toMatchObject({ subject: 'new', tags: { desk: 'two' } })
      expect(await client.wait(id, { timeoutSeconds: 20 })).toMatchObject({ status: 'succeeded', subject: 'new' })
      await client.remove(id)
      await expect(client.get(id)).rejects.toBeInstanceOf(TaskuraiError)
    },
  },
  {
    name: 'a task that has not ended is not deleted',
    workers,
    play: async ({ client }) => {
      const { id } = await client.submit('basics.echo', { text: 'x' }, { startAfter: { seconds: 3_600 } })
      await expect(client.remove(id)).rejects.toMatchObject({ code: 'conflict' })
      expect(await client.cancel(id)).toMatchObject({ status: 'canceled' })
    },
  },
]
