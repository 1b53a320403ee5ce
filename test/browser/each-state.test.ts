import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { eachState, WatchRefusedError, type WatchState } from '#browser/index'
import { startLiveServer, taskMessage } from '../support/live-server.ts'
import { until } from '../support/until.ts'

describe('a loop over the states of a task', () => {
  it('gives each state to its end', async () => {
    await using server = await startLiveServer((watcher) => {
      for (const n of [1, 2, 3]) watcher.say(taskMessage(n))
      watcher.say({ type: 'end' })
    })
    const states: WatchState[] = []
    const percents: unknown[] = []
    const loop = eachState(server.url, { WebSocket, onState: (state) => states.push(state) })
    for await (const { progress } of loop) percents.push(progress?.percent)
    expect(percents.at(-1)).toBe(3)
    expect(percents).toEqual([...percents].sort())
    expect(states).toEqual(['connecting', 'live', 'ended'])
  })

  it('skips what is old by the time it is asked for, task by task, and never the last', async () => {
    const other = { id: '01K9Z0000000000000000000CD' }
    await using server = await startLiveServer((watcher) => watcher.say(taskMessage(1)))
    const seen: string[] = []
    for await (const { id, progress } of eachState(server.url, { WebSocket })) {
      seen.push(`${id.slice(-2)} ${progress?.percent}`)
      if (seen.length > 1) continue
      const [watcher] = server.watchers
      for (const n of [2, 3, 4]) watcher?.say(taskMessage(n))
      watcher?.say(taskMessage(8, other))
      watcher?.say({ type: 'end' })
      await until('all of it came', () => watcher?.closedWith())
    }
    expect(seen).toEqual(['AB 1', 'AB 4', 'CD 8'])
  })

  it('is left by break, and closes its connection', async () => {
    await using server = await startLiveServer((watcher) => watcher.say(taskMessage(1)))
    for await (const _ of eachState(server.url, { WebSocket })) break
    expect(await until('its goodbye', () => server.watchers[0]?.closedWith())).toBe(1000)
  })

  it('ends with the reason of its signal, while it waits too', async () => {
    await using server = await startLiveServer((watcher) => watcher.say(taskMessage(1)))
    const reason = new Error('enough')
    const { signal, abort } = withAbort()
    const watched = (async () => {
      for await (const _ of eachState(server.url, { WebSocket, signal })) setImmediate(() => abort(reason))
    })()
    await expect(watched).rejects.toBe(reason)
    expect(await until('its goodbye', () => server.watchers[0]?.closedWith())).toBe(1000)
    await expect(eachState(server.url, { WebSocket, signal }).next()).rejects.toBe(reason)
    expect(server.watchers).toHaveLength(1)
  })

  it('says why the hub takes the address no more, after what it has seen', async () => {
    await using server = await startLiveServer((watcher) => {
      watcher.say(taskMessage(1))
      watcher.say({ type: 'refused', code: 'token-revoked', detail: 'ask for a new one' })
    })
    const loop = eachState(server.url, { WebSocket })
    expect((await loop.next()).value).toMatchObject({ progress: { percent: 1 } })
    const refused = await loop.next().catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(WatchRefusedError)
    expect(refused).toMatchObject({ code: 'token-revoked', message: 'ask for a new one' })
  })
})

function withAbort() {
  const controller = new AbortController()
  return { signal: controller.signal, abort: (reason: Error) => controller.abort(reason) }
}
