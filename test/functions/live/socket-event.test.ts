import { describe, expect, it } from 'vitest'
import { limits } from '#core/contract/limits'
import { cancelTask } from '#core/tasks/change'
import { createReceive } from '#functions/live/receive'
import { answerSocketEvent } from '#functions/live/socket-event'
import { created } from '../../core/tasks/fixtures.ts'
import { createLiveWorld, statesOf, taskScope } from '../../support/live-world.ts'

/** The function of a WebSocket API: a connection stands only when its `$connect` has been answered. */
async function createGateway(options: { readonly isLambdaAway?: boolean } = {}) {
  const live = await createLiveWorld()
  const later: unknown[] = []
  const parts = {
    ...live.parts,
    receive: createReceive(live.parts),
    callLater: async (event: unknown) => {
      if (options.isLambdaAway === true) throw new Error('Lambda is away')
      later.push(event)
    },
  }
  const answer = (event: unknown) => answerSocketEvent(parts, event)
  const event = (eventType: string, connectionId: string, rest: object = {}) =>
    answer({
      requestContext: { eventType, connectionId, routeKey: '$x', stage: 'live' },
      isBase64Encoded: false,
      ...rest,
    })
  return {
    ...{ ...live, later, answer },
    connect: (id: string, token?: string) =>
      event('CONNECT', id, token === undefined ? {} : { queryStringParameters: { token } }),
    say: (id: string, body: string) => event('MESSAGE', id, { body }),
    disconnect: (id: string) => event('DISCONNECT', id),
    /** The greeting, and so much time for it. */
    greet: async (id: string, ms = 10_000) => {
      const greeting = answer({ greet: id })
      await live.world.clock.advance(ms)
      return greeting
    },
  }
}

describe('a connection that wants in', () => {
  it('is let in with a good token, and greeted beside that with the state as it is then', async () => {
    const { world, tokenOf, connect, later, greet, sockets, follow } = await createGateway()
    const head = await created(world)
    const { token } = await tokenOf(taskScope(head))
    expect(await connect('c1=', token)).toEqual({ statusCode: 200 })
    expect(later).toEqual([{ greet: 'c1=' }])
    const socket = sockets.connect('c1=')
    await greet('c1=')
    await cancelTask(world, { taskId: head.id, by: 'ann' })
    await follow()
    expect(statesOf(socket)).toEqual(['pong', 'queued', 'canceled', 'end'])
  })

  it('is greeted only when it stands: what moves meanwhile is in the state that it is shown', async () => {
    const { world, tokenOf, connect, answer, sockets, follow } = await createGateway()
    const head = await created(world)
    await connect('c1=', (await tokenOf(taskScope(head))).token)
    const greeting = answer({ greet: 'c1=' })
    await world.clock.advance(100)
    await cancelTask(world, { taskId: head.id, by: 'ann' })
    // The push of this change finds nobody who could be written to.
    await follow()
    const socket = sockets.connect('c1=')
    await world.clock.advance(2_000)
    await greeting
    expect(statesOf(socket)).toEqual(['pong', 'canceled', 'end'])
  })

  it.each([
    ['without a token', undefined],
    ['with an empty one', ''],
    ['with a forged one', `tw_${'0'.repeat(26)}_${'A'.repeat(43)}`],
    ['with a book', 'A'.repeat(100_000)],
  ])('%s is kept out, and leaves nothing', async (_, token) => {
    const { connect, later, items } = await createGateway()
    expect(await connect('c1=', token)).toEqual({ statusCode: 403 })
    expect([later, items('WS#'), items('WC#')]).toEqual([[], [], []])
  })

  it('as one too many is told so in a message, since a browser sees no answer to its opening', async () => {
    const { world, tokenOf, connect, later, answer, sockets } = await createGateway()
    const { token } = await tokenOf(taskScope(await created(world)))
    for (let n = 0; n < limits.watchersOfToken; n++) await connect(`c${n}=`, token)
    expect(await connect('more=', token)).toEqual({ statusCode: 200 })
    expect(later.at(-1)).toEqual({ turnAway: 'more=' })
    const socket = sockets.connect('more=')
    await answer({ turnAway: 'more=' })
    expect([statesOf(socket), socket.closed]).toEqual([['pong', 'refused'], 'too-many'])
  })

  it('is kept out where it could not be greeted, or the table is away, and may come again', async () => {
    const lambdaAway = await createGateway({ isLambdaAway: true })
    const { token } = await lambdaAway.tokenOf(taskScope(await created(lambdaAway.world)))
    expect(await lambdaAway.connect('c1=', token)).toEqual({ statusCode: 500 })
    expect([lambdaAway.items('WS#'), lambdaAway.items('WC#')]).toEqual([[], []])
    const tableAway = await createGateway()
    const { token: other } = await tableAway.tokenOf(taskScope(await created(tableAway.world)))
    tableAway.world.upsets.push('before')
    expect((await tableAway.connect('c1=', other)).statusCode).toBe(500)
    expect(await tableAway.connect('c2=', other)).toEqual({ statusCode: 200 })
  })
})

describe('a connection that was let in', () => {
  it('and never stands, is forgotten', async () => {
    const { world, tokenOf, connect, greet, items } = await createGateway()
    await connect('c1=', (await tokenOf(taskScope(await created(world)))).token)
    expect(items('WS#')).toHaveLength(1)
    await greet('c1=')
    expect([items('WS#'), items('WC#')]).toEqual([[], []])
  })

  it('is closed where its states cannot be read, so that it comes back', async () => {
    const { world, tokenOf, connect, greet, sockets } = await createGateway()
    await connect('c1=', (await tokenOf(taskScope(await created(world)))).token)
    const socket = sockets.connect('c1=')
    world.upsets.push('before')
    await greet('c1=')
    expect([statesOf(socket), socket.closed]).toEqual([['pong', 'refused'], 'failed'])
  })

  it('is greeted again where Lambda calls twice, and not at all when it has ended', async () => {
    const { world, tokenOf, connect, greet, sockets, disconnect } = await createGateway()
    await connect('c1=', (await tokenOf(taskScope(await created(world)))).token)
    const socket = sockets.connect('c1=')
    await greet('c1=')
    await greet('c1=')
    expect(statesOf(socket)).toEqual(['pong', 'queued', 'pong', 'queued'])
    await disconnect('c1=')
    await greet('c1=')
    expect(socket.said).toHaveLength(4)
  })

  it('is heard by what it is, whatever route its words pick, and forgotten at its end', async () => {
    const { world, tokenOf, connect, say, disconnect, sockets, items } = await createGateway()
    await connect('c1=', (await tokenOf(taskScope(await created(world)))).token)
    const socket = sockets.connect('c1=')
    for (const body of ['{"type":"ping"}', '{"type":"$disconnect"}', 'no JSON', '{"type":"start"}'])
      await say('c1=', body)
    expect(statesOf(socket)).toEqual(['pong', 'queued'])
    await disconnect('c1=')
    await disconnect('c1=')
    expect([items('WS#'), items('WC#')]).toEqual([[], []])
  })
})

it('an event that API Gateway does not send is a fault', async () => {
  const { answer } = await createGateway()
  for (const event of [{}, null, { greet: '' }, { requestContext: { eventType: 'OPEN', connectionId: 'c' } }]) {
    await expect(answer(event)).rejects.toThrow()
  }
})
