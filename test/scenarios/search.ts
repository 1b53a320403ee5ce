import { randomUUID } from 'node:crypto'
import { expect } from 'vitest'
import type { Client } from '#client/index'
import { type TaskQuery, TaskuraiError } from '#client/index'
import { until } from '../support/until.ts'
import type { Scenario } from './scenario.ts'

/** Tasks found by what people know of them, and many changed by one call. */

const workers = ['basics']
/** The clock of a hub in an account looks each minute. */
const bulkSeconds = 150

export const search: readonly Scenario[] = [
  {
    name: 'a task is found by its external id, user, account, correlation and tags, and by what a patch made of them',
    workers,
    play: async ({ client }) => {
      const mark = randomUUID()
      const people = {
        externalId: `o ${mark}`,
        userId: `u#${mark}`,
        accountId: `a-${mark}`,
        correlationId: `c/${mark}`,
      }
      const later = { startAfter: { seconds: 3_000 } }
      const { id } = await client.submit('basics.started', undefined, {
        ...people,
        tags: { mark, desk: 'two' },
        ...later,
      })
      const other = await client.submit('basics.started', undefined, { tags: { mark, desk: 'one' }, ...later })
      await found(client, { tags: { mark } }, 2)
      for (const [field, value] of Object.entries(people))
        expect(await found(client, { [field]: value }, 1)).toEqual([id])
      expect(
        await found(
          client,
          { ...people, tags: { mark, desk: 'two' }, command: 'basics.started', status: 'waiting' },
          1,
        ),
      ).toEqual([id])
      await client.patch(id, { userId: `other ${mark}`, tags: { mark, desk: 'three' } })
      expect(await found(client, { userId: `other ${mark}` }, 1)).toEqual([id])
      expect(await found(client, { tags: { mark, desk: 'three' } }, 1)).toEqual([id])
      expect((await client.list({ userId: people.userId })).tasks).toEqual([])
      for (const each of [id, other.id]) await client.cancel(each)
    },
  },
  {
    name: 'a bulk counts, cancels, begins anew and erases what a filter finds, as a task of its own',
    workers,
    play: async ({ client }) => {
      const tags = { mark: randomUUID() }
      const later = { startAfter: { seconds: 3_000 } }
      const ids = await client.submitBatch(
        Array.from({ length: 130 }, () => ({ command: 'basics.started', tags, ...later })),
      )
      await found(client, { tags }, 130)
      const end = async (request: Omit<Parameters<Client['bulk']>[0], 'filter'>) => {
        const { status, result } = await client.wait(await client.bulk({ ...request, filter: { tags } }), {
          timeoutSeconds: bulkSeconds,
        })
        expect(status).toBe('succeeded')
        return result?.output
      }
      const dry = end({ action: 'cancel', dryRun: true })
      expect(await dry).toMatchObject({ dryRun: true, looked: 130, changed: 130 })
      const canceled = await end({ action: 'cancel', reason: 'a test' })
      expect(canceled).toMatchObject({ looked: 130, changed: 130, failed: 0, skipped: {} })
      const history = (await client.get(ids[0] ?? '')).history
      expect(history.at(-1)).toMatchObject({ move: 'canceled', why: 'a test' })
      expect(await end({ action: 'retry' })).toMatchObject({ looked: 130, changed: 130 })
      for (const id of ids.slice(0, 3)) {
        expect(await client.wait(id, { timeoutSeconds: 60 })).toMatchObject({ status: 'succeeded' })
      }
      await until(
        'all have run',
        async () => (await client.list({ tags, status: 'succeeded', limit: 100 })).tasks.length === 100,
        60_000,
      )
      await Promise.all(ids.map((id) => client.wait(id, { timeoutSeconds: 60 })))
      expect(await end({ action: 'erase' })).toMatchObject({ looked: 130, changed: 130 })
      const gone = await client.get(ids[7] ?? '').catch((error: unknown) => error)
      expect(gone).toBeInstanceOf(TaskuraiError)
      expect(gone).toMatchObject({ code: 'not-found' })
    },
  },
]

/** The ids, once there are so many: the directory follows its tasks a moment later. */
async function found(client: Client, query: TaskQuery, count: number): Promise<readonly string[]> {
  return until(`${count} tasks by ${Object.keys(query)}`, async () => {
    const ids: string[] = []
    for await (const { id } of client.listAll({ ...query, limit: 100 })) ids.push(id)
    return ids.length >= count && ids
  })
}
