import { describe, expect, expectTypeOf, it } from 'vitest'
import { WebSocket } from 'ws'
import { z } from 'zod'
import { type ClientOptions, createClient, type TaskOf, type TaskuraiError } from '#client/index'
import { defineCommand } from '#worker-runtime/index'
import { startLiveServer, taskMessage } from '../support/live-server.ts'
import { type Answer, hubKey, problem, type Seen, startScriptedHub, taskOf } from '../support/scripted-hub.ts'
import { until } from '../support/until.ts'

const ID = '01K9Z0000000000000000000AB'
const progress = (percent: number) => ({
  status: 'running',
  progress: { percent, at: '2026-11-30T08:00:00.000Z' },
  modifiedAt: `2026-11-30T08:00:${String(percent % 60).padStart(2, '0')}.000Z`,
})
const ended = { status: 'succeeded', modifiedAt: '2026-11-30T08:01:00.000Z', result: { output: 7 } }
const noSuch = problem(501, 'not-offered', 'no live endpoint')

/** A hub whose task goes through these states, one a look, and stays in the last. Time goes by in pauses alone. */
async function startLooks(states: readonly object[], token: (seen: Seen) => Answer = () => noSuch) {
  let now = Date.now()
  let looks = 0
  const pauses: number[] = []
  const hub = await startScriptedHub(
    (seen) => {
      if (seen.method === 'POST') return token(seen)
      return { body: taskOf(states[Math.min(looks++, states.length - 1)]) }
    },
    () => now,
  )
  const pause = async (ms: number) => {
    pauses.push(ms)
    now += ms
  }
  const client = createClient({ endpoint: hub.endpoint, credentials: hubKey, pause, now: () => now, chance: () => 0.5 })
  return { hub, client, pauses, [Symbol.asyncDispose]: () => hub[Symbol.asyncDispose]() }
}

async function percentsOf(watched: AsyncIterable<TaskOf<unknown>>): Promise<readonly unknown[]> {
  const seen: unknown[] = []
  for await (const { status, progress } of watched) seen.push(status === 'running' ? progress?.percent : status)
  return seen
}

describe('a watch by looks', () => {
  it('gives the state now and each change, once, to the end', async () => {
    await using world = await startLooks([{}, progress(1), progress(1), progress(1), progress(2), ended])
    expect(await percentsOf(world.client.watch(ID))).toEqual(['queued', 1, 2, 'succeeded'])
    const gets = world.hub.seen.filter(({ method }) => method === 'GET')
    expect(gets[0]?.path).toBe(`/v1/tasks/${ID}`)
    expect(gets.at(-1)?.path).toBe(`/v1/tasks/${ID}?wait=1`)
  })

  it('looks less and less often where the hub does not hold its answers, and each five seconds at least', async () => {
    const states = [...Array.from({ length: 60 }, () => progress(1)), ended]
    await using world = await startLooks(states)
    expect(await percentsOf(world.client.watch(ID))).toEqual([1, 'succeeded'])
    expect(world.pauses[0]).toBeLessThan(1_000)
    expect(world.pauses).toEqual([...world.pauses].sort((a, b) => a - b))
    expect(world.pauses.at(-1)).toBe(5_000)
  })

  it('ends when its time is over, though the task goes on', async () => {
    await using world = await startLooks([progress(1)])
    expect(await percentsOf(world.client.watch(ID, { waitSeconds: 60 }))).toEqual([1])
    expect(world.pauses.reduce((sum, ms) => sum + ms, 0)).toBeLessThan(60_001)
    expect(await percentsOf(world.client.watch(ID, { waitSeconds: 0 }))).toEqual([1])
  })

  it('fails as get does, and ends with the reason of its signal', async () => {
    await using hub = await startScriptedHub(() => problem(404, 'not-found', 'no such task'))
    const client = createClient({ endpoint: hub.endpoint, credentials: hubKey })
    const error = await client
      .watch(ID)
      .next()
      .catch((thrown: TaskuraiError) => thrown)
    expect(error).toMatchObject({ code: 'not-found', status: 404 })
    const reason = new Error('enough')
    await expect(client.watch(ID, { signal: AbortSignal.abort(reason) }).next()).rejects.toBe(reason)
  })
})

/** A hub with a live endpoint. Its GETs answer the state that the test set last. */
async function startLive(
  options: { readonly token?: (asked: number) => Answer; readonly client?: ClientOptions } = {},
) {
  const live = await startLiveServer()
  let state: object = {}
  let asked = 0
  let isRemoved = false
  const hub = await startScriptedHub(({ method }) => {
    if (method === 'GET') return isRemoved ? problem(404, 'not-found', 'no such task') : { body: taskOf(state) }
    const made = { id: 'W', token: 'tw_test', url: live.url, expiresAt: '2026-11-30T09:00:00.000Z' }
    return options.token?.(++asked) ?? { status: 201, body: made }
  })
  const client = createClient({ endpoint: hub.endpoint, credentials: hubKey, WebSocket, ...options.client })
  return {
    ...{ live, hub, client },
    set: (next: object) => {
      state = next
    },
    remove: () => {
      isRemoved = true
    },
    tell: (n: number, next: object, watcher = 0) => {
      state = next
      live.watchers[watcher]?.say({ ...taskMessage(n), task: taskOf(next) })
    },
    watcher: (number: number) => until(`watcher ${number}`, () => live.watchers[number - 1]),
    gets: () => hub.seen.filter(({ method }) => method === 'GET').length,
    [Symbol.asyncDispose]: async () => {
      await live[Symbol.asyncDispose]()
      await hub[Symbol.asyncDispose]()
    },
  }
}

describe('a watch over a connection', () => {
  it('yields nothing twice, nothing old, and needs no looks', async () => {
    await using world = await startLive()
    const watched = percentsOf(world.client.watch(ID))
    await world.watcher(1)
    world.tell(1, {})
    world.tell(2, progress(2))
    world.tell(1, progress(1))
    await until('it came', () => world.live.watchers[0]?.heard.includes('ping'))
    world.tell(9, ended)
    const seen = await watched
    expect(seen[0]).toBe('queued')
    expect(seen.at(-1)).toBe('succeeded')
    expect(seen).not.toContain(1)
    expect(world.gets()).toBe(1)
    const [token] = world.hub.seen.filter(({ method }) => method === 'POST')
    expect(token?.path).toBe(`/v1/tasks/${ID}/watch-token`)
    expect(token?.body).toEqual({ view: 'full', expiresInSeconds: 3_600 })
    expect(await until('its goodbye', () => world.live.watchers[0]?.closedWith())).toBe(1000)
  })

  it('asks for a state that was too large to be told', async () => {
    await using world = await startLive()
    const watched = percentsOf(world.client.watch(ID))
    const watcher = await world.watcher(1)
    world.set(ended)
    const { result: _, ...rest } = ended
    watcher.say({ ...taskMessage(4), task: taskOf(rest), omitted: ['/result/output'] })
    expect(await watched).toEqual(['queued', 'succeeded'])
    expect(world.gets()).toBe(2)
  })

  it('is left by break, by its time and by its signal, and closes its connection each time', async () => {
    await using world = await startLive()
    const closed = (index: number) => until('its goodbye', () => world.live.watchers[index]?.closedWith())
    const broken = (async () => {
      for await (const { status } of world.client.watch(ID)) if (status === 'running') break
    })()
    await world.watcher(1)
    world.tell(1, progress(1))
    await broken
    expect(await closed(0)).toBe(1000)

    expect(await percentsOf(world.client.watch(ID, { waitSeconds: 0.3 }))).toEqual([1])
    expect(await closed(1)).toBe(1000)

    const reason = new Error('enough')
    const controller = new AbortController()
    const aborted = percentsOf(world.client.watch(ID, { signal: controller.signal }))
    await world.watcher(3)
    controller.abort(reason)
    await expect(aborted).rejects.toBe(reason)
    expect(await closed(2)).toBe(1000)
  })

  it('takes a new token when the old one has expired', async () => {
    await using world = await startLive()
    const watched = percentsOf(world.client.watch(ID))
    const first = await world.watcher(1)
    world.tell(1, progress(1))
    first.say({ type: 'refused', code: 'token-expired', detail: 'a new one' })
    await world.watcher(2)
    world.tell(9, ended, 1)
    expect((await watched).at(-1)).toBe('succeeded')
    expect(world.gets()).toBe(1)
  })

  it.each<[string, Answer]>([
    ['the hub has no live endpoint', noSuch],
    ['the hub is an older one', problem(404, 'not-found', 'no route')],
    ['the key may not make tokens', problem(403, 'forbidden', 'no')],
  ])('goes on by looks where %s', async (_, answer) => {
    await using world = await startLive({ token: () => answer })
    const watched = percentsOf(world.client.watch(ID))
    await until('a second look', () => world.gets() > 1)
    world.set(ended)
    expect(await watched).toEqual(['queued', 'succeeded'])
    expect(world.live.watchers).toHaveLength(0)
  })

  it('goes on by looks where its connections are refused or revoked', {
    timeout: 30_000,
  }, async () => {
    await using world = await startLive()
    const revoked = percentsOf(world.client.watch(ID))
    const watcher = await world.watcher(1)
    watcher.say({ type: 'refused', code: 'token-revoked', detail: 'no' })
    await until('looks', () => world.gets() > 1)
    world.live.refuse(403)
    const refused = percentsOf(world.client.watch(ID))
    await until('three refusals', () => world.live.refusals() === 3)
    world.set(ended)
    expect(await revoked).toEqual(['queued', 'succeeded'])
    expect((await refused).at(-1)).toBe('succeeded')
  })

  it('fails as get does when the task is removed meanwhile', async () => {
    await using world = await startLive()
    const watched = percentsOf(world.client.watch(ID)).catch((error: TaskuraiError) => error)
    const watcher = await world.watcher(1)
    world.remove()
    watcher.say({ type: 'end' })
    expect(await watched).toMatchObject({ code: 'not-found' })
  })
})

describe('watch tokens', () => {
  const made = { id: 'W', token: 'tw_W_s', url: 'wss://hub/live?token=tw_W_s', expiresAt: '2026-11-30T09:00:00.000Z' }

  it('are made for a task, a user, an account or a correlation, and say what was asked', async () => {
    await using hub = await startScriptedHub(() => ({ status: 201, body: made }))
    const client = createClient({ endpoint: hub.endpoint, credentials: hubKey })
    expect(await client.watchToken(ID)).toEqual(made)
    await client.watchToken({ id: ID, userId: 'a task has one too' } as { id: string }, { view: 'full' })
    await client.watchToken({ userId: 'Ada' }, { expiresInSeconds: 60 })
    await client.watchToken({ accountId: 'a-1' })
    await client.watchToken({ correlationId: 'c-1' })
    expect(hub.seen.map(({ path, body }) => [path, body])).toEqual([
      [`/v1/tasks/${ID}/watch-token`, {}],
      [`/v1/tasks/${ID}/watch-token`, { view: 'full' }],
      ['/v1/watch-tokens', { userId: 'Ada', expiresInSeconds: 60 }],
      ['/v1/watch-tokens', { accountId: 'a-1' }],
      ['/v1/watch-tokens', { correlationId: 'c-1' }],
    ])
    expect(hub.seen.every(({ isSigned }) => isSigned)).toBe(true)
  })

  it('are revoked, also when the answer to that is lost', async () => {
    await using hub = await startScriptedHub((_, count) => {
      if (count === 1) return { fault: 'cut' }
      return problem(404, 'not-found', 'no such token')
    })
    const client = createClient({ endpoint: hub.endpoint, credentials: hubKey, pause: async () => {} })
    await client.revokeWatchToken('01K9Z0000000000000000000WT')
    expect(hub.seen.at(-1)).toMatchObject({ method: 'DELETE', path: '/v1/watch-tokens/01K9Z0000000000000000000WT' })
    await expect(client.revokeWatchToken('01K9Z0000000000000000000WT')).rejects.toMatchObject({ code: 'not-found' })
  })
})

it('types flow from what was submitted into the states', async () => {
  const confirm = defineCommand({ name: 'order.confirm', output: z.object({ pages: z.int() }) })
  const done = taskOf({ status: 'succeeded', result: { output: { pages: 3 } } })
  await using hub = await startScriptedHub(() => ({ body: done }))
  const client = createClient({ endpoint: hub.endpoint, credentials: hubKey })
  for await (const task of client.watch(await client.submit(confirm))) {
    expectTypeOf(task.result?.output).toEqualTypeOf<{ pages: number } | undefined>()
    expect(task.result?.output?.pages).toBe(3)
  }
  expectTypeOf(client.watch('id')).toExtend<AsyncIterable<TaskOf>>()
})
