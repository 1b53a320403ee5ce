import { expect } from 'vitest'
import type { CreatedWatchToken } from '#core/contract/live'
import { until } from '../support/until.ts'
import { openWatcher, type Watcher } from '../support/watcher.ts'
import type { Scenario } from './scenario.ts'

/** Watching tasks as a browser does it: by an address alone, which nothing was signed with. */

const workers = ['basics']
/** From zero an instance takes its time. */
const mostMs = 90_000

export const live: readonly Scenario[] = [
  {
    name: 'a watcher sees the state, progress within a second or so, and the end',
    workers,
    play: async ({ client }) => {
      await isWarm(client)
      const { id } = await client.submit('basics.count')
      const { url, expiresAt } = await client.watchToken(id)
      expect(Date.parse(expiresAt)).toBeGreaterThan(Date.now())
      using watcher = await openWatcher(url)
      const first = await watcher.seen('the state as it is', ({ type }) => type === 'task')
      expect(first.task).toMatchObject({ id, command: 'basics.count' })
      expect(first.task).not.toHaveProperty('arguments')
      await watcher.seen('progress', isOnTheWay, mostMs)
      await watcher.seen('the end', ({ type }) => type === 'end', mostMs)
      expect(await watcher.closed).toBeDefined()
      const told = watcher.messages.filter(({ type }) => type === 'task')
      const ended = told.find(({ task }) => task?.status === 'succeeded')
      expect(ended?.task).toMatchObject({ result: { output: 'counted' } })
      // From the write to the message; the clocks of hub and watcher are one here.
      const late = told.filter(isOnTheWay).map(({ task, atMs }) => atMs - Date.parse(task?.modifiedAt ?? ''))
      expect(Math.min(...late)).toBeLessThan(1_500)
      const versions = told.map(({ version = '' }) => version)
      const newest = versions.toSorted().at(-1)
      expect(told.find(({ version }) => version === newest)?.task?.status).toBe('succeeded')
    },
  },
  {
    name: 'a token that is forged, of another hub, expired or revoked opens nothing',
    workers,
    play: async ({ client }) => {
      const { id } = await client.submit('basics.echo', { text: 'x' }, { startAfter: { seconds: 60 } })
      const { url, token } = await client.watchToken(id)
      const addressWith = (other: string) => url.replace(token, other)
      const forged = [token.slice(0, -2), `${token.slice(0, -43)}${'A'.repeat(43)}`, '', 'let-me-in']
      for (const other of forged) await expect(openWatcher(addressWith(other))).rejects.toThrow('403')
      const short = await client.watchToken(id, { expiresInSeconds: 1 })
      await until('its time is over', () => Date.now() > Date.parse(short.expiresAt))
      await expect(openWatcher(short.url)).rejects.toThrow('403')
      const taken = await client.watchToken(id)
      await client.revokeWatchToken(taken.id)
      await expect(openWatcher(taken.url)).rejects.toThrow('403')
      await client.cancel(id)
    },
  },
  {
    name: 'a token that is taken back ends the connection that it opened, and no other',
    workers,
    play: async ({ client }) => {
      const { id } = await client.submit('basics.echo', { text: 'x' }, { startAfter: { seconds: 60 } })
      const [taken, kept] = [await client.watchToken(id), await client.watchToken(id)]
      using first = await openedOn(taken)
      using second = await openedOn(kept)
      await client.revokeWatchToken(taken.id)
      await first.seen('why', ({ type, code }) => type === 'refused' && code === 'token-revoked')
      expect(await first.closed).toBeDefined()
      await client.cancel(id)
      await second.seen('the end', ({ type }) => type === 'end')
      expect(second.statuses()).toContain('canceled')
    },
  },
  {
    name: 'a watcher sees its own task and no other',
    workers,
    play: async ({ client }) => {
      const later = { startAfter: { seconds: 60 } }
      const [own, other] = [
        await client.submit('basics.echo', { text: 'own' }, later),
        await client.submit('basics.echo', { text: 'other' }, later),
      ]
      using watcher = await openedOn(await client.watchToken(own.id))
      await client.cancel(other.id)
      await client.cancel(own.id)
      await watcher.seen('the end', ({ type }) => type === 'end')
      expect(new Set(watcher.messages.flatMap(({ task }) => task?.id ?? []))).toEqual(new Set([own.id]))
    },
  },
  {
    name: 'who was away, and comes back, has the last state at once, also of a task that has ended meanwhile',
    workers,
    play: async ({ client }) => {
      const { id } = await client.submit('basics.echo', { text: 'x' }, { startAfter: { seconds: 60 } })
      const address = await client.watchToken(id)
      const before = await openedOn(address)
      before[Symbol.dispose]()
      await client.cancel(id)
      using after = await openWatcher(address.url)
      await after.seen('the end', ({ type }) => type === 'end')
      expect(after.statuses()).toEqual(['canceled'])
      expect(await after.closed).toBeDefined()
    },
  },
  {
    name: "a user's tasks are seen together: those that are open, and a new one by itself",
    workers,
    play: async ({ client }) => {
      const userId = `user-${Date.now()}-#ü`
      const later = { startAfter: { seconds: 60 }, userId }
      const { id: old } = await client.submit('basics.echo', { text: 'old' }, later)
      using watcher = await openWatcher((await client.watchToken({ userId })).url)
      await watcher.seen('the old one', ({ task }) => task?.id === old)
      const { id } = await client.submit('basics.echo', { text: 'new' }, later)
      await watcher.seen('the new one', ({ task }) => task?.id === id)
      await client.submit('basics.echo', { text: 'not hers' }, { startAfter: { seconds: 1 } })
      await client.cancel(id)
      await watcher.seen('its end', ({ task }) => task?.id === id && task.status === 'canceled')
      await client.cancel(old)
      await watcher.seen('the other end', ({ task }) => task?.id === old && task.status === 'canceled')
      expect(new Set(watcher.messages.flatMap(({ task }) => task?.userId ?? []))).toEqual(new Set([userId]))
    },
  },
]

type Client = Parameters<Scenario['play']>[0]['client']

async function isWarm(client: Client): Promise<void> {
  const { id } = await client.submit('basics.started')
  await client.wait(id, { timeoutSeconds: 20 })
}

/** Opened, and shown the first state. */
async function openedOn({ url }: CreatedWatchToken): Promise<Watcher> {
  const watcher = await openWatcher(url)
  await watcher.seen('the first state', ({ type }) => type === 'task')
  return watcher
}

function isOnTheWay({ task }: Watcher['messages'][number]): boolean {
  const { percent = 0 } = task?.progress ?? {}
  return task?.status === 'running' && percent > 0 && percent < 100
}
