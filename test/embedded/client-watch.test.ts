import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { eachState, type TaskOutline, type WatchState, watchTask } from '#browser/index'
import type { TaskOf } from '#client/index'
import { clientOf, makeFolder, startHub } from '../support/hub-process.ts'
import { until } from '../support/until.ts'

/** The client's watch, and the browser's module, on a real hub. */

const slow = { timeout: 120_000 }

describe('a program watches a task', () => {
  it.each([
    ['over a connection', { WebSocket }],
    ['by looks', {}],
  ])('to its end, %s', slow, async (_, options) => {
    await using folder = await makeFolder()
    await using hub = await startHub({ folder: folder.path, workers: ['basics'] })
    const client = clientOf(folder.path, hub.at, options)
    const task = await client.submit('basics.count')
    const seen: TaskOf[] = []
    for await (const state of client.watch(task)) seen.push(state)
    const percents = seen.flatMap(({ progress }) => progress?.percent ?? [])
    expect(percents).toEqual([...percents].sort((a, b) => a - b))
    expect(new Set(percents).size).toBeGreaterThan(1)
    expect(seen.at(-1)).toEqual(await client.get(task.id))
    expect(seen.at(-1)).toMatchObject({ status: 'succeeded', result: { output: 'counted' } })
  })

  it('whose output is too large to be told, and lies apart', slow, async () => {
    await using folder = await makeFolder()
    await using hub = await startHub({ folder: folder.path, workers: ['basics'] })
    const client = clientOf(folder.path, hub.at, { WebSocket })
    const text = 'x'.repeat(1_000_000)
    const task = await client.submit('basics.echo', { text })
    let last: TaskOf | undefined
    for await (const state of client.watch(task)) last = state
    expect(last).toMatchObject({ status: 'succeeded', arguments: { text }, result: { output: { text } } })
  })
})

describe('a page watches', () => {
  it('its task, over a hub that is killed and comes back', slow, async () => {
    await using folder = await makeFolder()
    const hub = await startHub({ folder: folder.path, workers: ['basics'] })
    const { url } = await hub.client.watchToken(await hub.client.submit('basics.wait', { ms: 100 }, { subject: 'now' }))
    for await (const task of eachState(url, { WebSocket })) expect(task.subject).toBe('now')

    const later = await hub.client.submit('basics.wait', { ms: 1 }, { startAfter: { seconds: 5 } })
    const watched = await hub.client.watchToken(later)
    const states: WatchState[] = []
    const ends: (string | undefined)[] = []
    let last: TaskOutline | undefined
    const watch = watchTask(watched.url, {
      WebSocket,
      onTask: (task) => {
        last = task
      },
      onState: (state) => states.push(state),
      onEnd: () => ends.push(last?.status),
    })
    await until('its state', () => last !== undefined)
    hub.kill('SIGKILL')
    await hub.exited
    await until('the page knows', () => states.includes('reconnecting'))
    const port = Number(new URL(hub.at).port)
    await using again = await startHub({ folder: folder.path, workers: ['basics'], port })
    await until('its end', () => ends.length > 0, 60_000)
    expect(ends).toEqual(['succeeded'])
    expect(states.slice(0, 4)).toEqual(['connecting', 'live', 'reconnecting', 'live'])
    watch.stop()
    await again.client.health()
  })

  it('what a user has going on, with each new task, until its token is taken back', slow, async () => {
    await using folder = await makeFolder()
    await using hub = await startHub({ folder: folder.path, workers: ['basics'] })
    const { client } = hub
    await client.submit('basics.echo', { text: 'a' }, { userId: 'Ada', subject: 'before' })
    const { id, url } = await client.watchToken({ userId: 'Ada' }, { expiresInSeconds: 60 })
    const seen = new Map<string, string>()
    let refused: string | undefined
    watchTask(url, {
      WebSocket,
      onTask: ({ subject = '', status }) => seen.set(subject, status),
      onState: (state, trouble) => {
        if (state === 'refused') refused = trouble?.code
      },
    })
    await until('what was there', () => seen.has('before'))
    await client.submit('basics.echo', { text: 'b' }, { userId: 'Ada', subject: 'new' })
    await client.submit('basics.echo', { text: 'c' }, { userId: 'Bob', subject: 'strange' })
    await until('both ends', () => [...seen.values()].join() === 'succeeded,succeeded', 60_000)
    expect([...seen.keys()]).toEqual(['before', 'new'])
    await client.revokeWatchToken(id)
    await until('the refusal', () => refused)
    expect(refused).toBe('token-revoked')
    await expect(eachState(url, { WebSocket }).next()).rejects.toMatchObject({ code: 'unopened' })
  })
})
