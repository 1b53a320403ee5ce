import { describe, expect, it } from 'vitest'
import { limits } from '#core/contract/limits'
import { watchTokenKey } from '#core/keys'
import { createWatchToken } from '#core/live/token'
import { cancelTask } from '#core/tasks/change'
import { closeConnection, openConnection } from '#functions/live/open'
import { createReceive } from '#functions/live/receive'
import { revokeToken } from '#functions/live/revoke'
import { created } from '../../core/tasks/fixtures.ts'
import { createLiveWorld, statesOf, taskScope } from '../../support/live-world.ts'

describe('a token', () => {
  it.each<[string, (token: string) => string]>([
    ['none', () => ''],
    ['of another form', () => 'let me in'],
    ['with another secret', (token) => `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`],
    ['with no secret', (token) => token.slice(0, -43)],
    ['longer than any', (token) => `${token}${'A'.repeat(10_000)}`],
    ['with the id of no token', (token) => token.replace(/tw_.{26}/, `tw_${'0'.repeat(26)}`)],
  ])('that is forged (%s) opens nothing, and leaves nothing', async (_, forge) => {
    const { world, sockets, tokenOf, items } = await createLiveWorld()
    const { token } = await tokenOf(taskScope(await created(world)))
    const opened = await openConnection(world, sockets, { connectionId: 'c', token: forge(token) })
    expect(opened).toMatchObject({ kind: 'refused', code: 'forbidden' })
    expect(items('WS#')).toEqual([])
  })

  it('is kept as a hash, and goes with its time', async () => {
    const { world, tokenOf, items } = await createLiveWorld()
    const { id, token, expiresAt } = await tokenOf(taskScope(await created(world)))
    const [stored] = items('K#watch#')
    expect(stored).toMatchObject({ ...watchTokenKey(id), expiresAt })
    expect(JSON.stringify(stored)).not.toContain(token.slice(-43))
  })

  it('that has expired says so to who holds its secret, and to nobody else', async () => {
    const { world, sockets, tokenOf } = await createLiveWorld()
    const { token } = await tokenOf(taskScope(await created(world)), { expiresInSeconds: 10 })
    await world.clock.advance(10_000)
    const open = (text: string) => openConnection(world, sockets, { connectionId: 'c', token: text })
    expect(await open(token)).toMatchObject({ detail: expect.stringContaining('has expired') })
    const forged = `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`
    expect(await open(forged)).toMatchObject({ detail: expect.stringContaining('no token of this hub') })
  })

  it('shows the task that it is for, and no other', async () => {
    const { world, watch, follow } = await createLiveWorld()
    const [mine, other] = [await created(world), await created(world)]
    const watcher = await watch(taskScope(mine))
    await watch(taskScope(other))
    await cancelTask(world, { taskId: other.id, by: 'ann' })
    await follow()
    expect(watcher.said.map(({ task }) => task.id)).toEqual([mine.id])
  })

  it('is refused a secret that could be guessed', async () => {
    const { world } = await createLiveWorld()
    const ask = { scope: { kind: 'user', value: 'u' }, view: 'outline', by: 'ann', secret: 'short' } as const
    await expect(createWatchToken(world, ask)).rejects.toThrow('43 characters')
  })
})

describe('a token that is revoked', () => {
  it('opens nothing, and what is open with it is closed; other tokens go on', async () => {
    const { world, sockets, parts, watch, follow } = await createLiveWorld()
    const head = await created(world)
    const [mine, other] = [await watch(taskScope(head)), await watch(taskScope(head))]
    expect(await revokeToken(parts, mine.token.id)).toBe(true)
    expect([mine.closed, other.closed]).toEqual(['token-revoked', undefined])
    const again = await openConnection(world, sockets, { connectionId: 'c', token: mine.token.token })
    expect(again).toMatchObject({ kind: 'refused', code: 'forbidden' })
    await cancelTask(world, { taskId: head.id, by: 'ann' })
    await follow()
    expect([statesOf(mine), statesOf(other)]).toEqual([
      ['queued', 'refused'],
      ['queued', 'canceled', 'end'],
    ])
  })

  it('can be revoked again, when the first time died halfway', async () => {
    const { world, parts, watch } = await createLiveWorld()
    const watcher = await watch(taskScope(await created(world)))
    world.upsets.push(undefined, 'before')
    await expect(revokeToken(parts, watcher.token.id)).rejects.toThrow('away')
    expect(watcher.closed).toBeUndefined()
    expect(await revokeToken(parts, watcher.token.id)).toBe(true)
    expect(watcher.closed).toBe('token-revoked')
  })

  it('while somebody opens with it, leaves no connection, at whatever moment', async () => {
    for (let moment = 0; moment < 6; moment++) {
      const { world, parts, sockets, tokenOf, items } = await createLiveWorld()
      const { id, token } = await tokenOf(taskScope(await created(world)))
      let calls = 0
      const store = { ...world.store }
      const revokeAt = async () => {
        if (calls++ === moment) await revokeToken(parts, id)
      }
      const racing = {
        ...world,
        store: {
          ...store,
          get: (key: Parameters<typeof store.get>[0]) => revokeAt().then(() => store.get(key)),
          commit: (ask: Parameters<typeof store.commit>[0]) => revokeAt().then(() => store.commit(ask)),
        },
      }
      sockets.connect('c')
      const opened = await openConnection(racing, sockets, { connectionId: 'c', token })
      const isClosed = opened.kind === 'refused' || sockets.of('c').closed === 'token-revoked'
      const isBefore = calls <= moment
      expect([moment, isClosed, items('WS#').length]).toEqual(isBefore ? [moment, false, 1] : [moment, true, 0])
    }
  })
})

describe('connections', () => {
  it('of one token are so many at most, and the place of one that ends is free', async () => {
    const { world, sockets, tokenOf, connect, items } = await createLiveWorld()
    const { token } = await tokenOf(taskScope(await created(world)))
    const all = []
    for (let count = 0; count < limits.watchersOfToken; count++) all.push(await connect(token))
    const ask = { connectionId: 'more', token }
    expect(await openConnection(world, sockets, ask)).toMatchObject({
      code: 'too-many',
      detail: expect.stringContaining('watchersOfToken'),
    })
    expect(items('WS#').length).toBe(limits.watchersOfToken)
    await closeConnection(world, all[0]?.id ?? '')
    expect((await openConnection(world, sockets, ask)).kind).toBe('open')
  })

  it('to one task are so many at most, by however many tokens', async () => {
    const { world, sockets, tokenOf } = await createLiveWorld()
    const scope = taskScope(await created(world))
    for (let tokens = 0; tokens < limits.watchersOfScope / limits.watchersOfToken; tokens++) {
      const { token } = await tokenOf(scope)
      for (let count = 0; count < limits.watchersOfToken; count++) {
        const connectionId = `c-${tokens}-${count}`
        expect((await openConnection(world, sockets, { connectionId, token })).kind).toBe('open')
      }
    }
    const { token } = await tokenOf(scope)
    expect(await openConnection(world, sockets, { connectionId: 'more', token })).toMatchObject({
      code: 'too-many',
      detail: expect.stringContaining('watchersOfScope'),
    })
  })

  it('that a dead hub left behind keep out nobody', async () => {
    const { world, sockets, tokenOf, items } = await createLiveWorld()
    const { token } = await tokenOf(taskScope(await created(world)))
    for (let count = 0; count < limits.watchersOfToken; count++) {
      await openConnection(world, sockets, { connectionId: `dead-${count}`, token })
    }
    await world.clock.advance(31_000)
    expect((await openConnection(world, sockets, { connectionId: 'back', token })).kind).toBe('open')
    expect(items('WS#').map(({ sk }) => sk)).toEqual(['CONN#back'])
  })

  it('leave nothing when they end, and one that nobody knows ends without a fault', async () => {
    const { world, watch, items } = await createLiveWorld()
    const watcher = await watch(taskScope(await created(world)))
    await closeConnection(world, watcher.id)
    await closeConnection(world, watcher.id)
    expect([...items('WS#'), ...items('WC#')]).toEqual([])
  })
})

describe('what a watcher says', () => {
  it('is a ping, which is answered, a start, which shows the state anew, or nothing that matters', async () => {
    const { world, parts, watch } = await createLiveWorld()
    const watcher = await watch(taskScope(await created(world)))
    const receive = createReceive(parts)
    await receive(watcher.id, '{"type":"ping"}')
    await receive(watcher.id, '{"type":"start","more":1}')
    for (const text of ['{"type":"dance"}', 'not json', '[]']) await receive(watcher.id, text)
    expect(statesOf(watcher)).toEqual(['queued', 'pong', 'queued'])
    expect(watcher.closed).toBeUndefined()
  })

  it('is not too much, else the connection is closed', async () => {
    const { world, parts, watch } = await createLiveWorld()
    const head = await created(world)
    const receive = createReceive(parts)
    const [noisy, calm] = [await watch(taskScope(head)), await watch(taskScope(head))]
    for (let count = 0; count <= limits.watchFramesPerSecond; count++) await receive(noisy.id, '{"type":"ping"}')
    expect(noisy.closed).toBe('noisy')
    for (let count = 0; count < 20; count++) {
      await receive(calm.id, '{"type":"ping"}')
      await world.clock.advance(300)
    }
    expect(calm.closed).toBeUndefined()
    await receive(calm.id, ' '.repeat(limits.watchFrameBytes + 1))
    expect(calm.closed).toBe('noisy')
  })
})
