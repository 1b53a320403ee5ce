import { describe, expect, it } from 'vitest'
import { ApiError } from '#core/contract/errors'
import { tickKey } from '#core/sight'
import { cancelTask } from '#core/tasks/change'
import { readHead } from '#core/tasks/move'
import { readFleet, readInstances } from '#core/workers/fleet'
import { pauseWorker, putWorker } from '#core/workers/put-worker'
import { connect, createOwnHubWorld, deployed, manifest } from '../support/own-hub.ts'

describe('an instance that serves itself', () => {
  it('pays one write for a claim, one for an end, and no read', async () => {
    const { door, submit, calls, forgetCalls } = await createOwnHubWorld()
    const { register, receive, complete } = await connect(door)
    await register()
    const ids = []
    for (let count = 0; count < 20; count++) ids.push(await submit())
    await complete(await receive())
    forgetCalls()
    for (let count = 0; count < 4; count++) await complete(await receive())
    expect(calls).toEqual({ headReads: 0, headPuts: 2 * 16, fleetReads: 0, otherReads: 0, otherPuts: 0 })
  })

  it('renews without a read, and goes on to the end from what it wrote', async () => {
    const { door, world, submit, calls, forgetCalls } = await createOwnHubWorld()
    const { register, receive, complete, say } = await connect(door)
    await register()
    const taskId = await submit()
    const grants = await receive()
    forgetCalls()
    const runs = grants.map(({ run, ticket }) => ({ taskId, run, ticket }))
    for (let renewals = 0; renewals < 3; renewals++) {
      expect(await say('renew', { runs })).toMatchObject({ answer: { runs: [{ outcome: 'owned' }] } })
    }
    expect(await complete(grants)).toMatchObject({ answer: { runs: [{ outcome: 'done' }] } })
    expect(calls).toMatchObject({ headReads: 0, headPuts: 4 })
    expect(await readHead(world, taskId)).toMatchObject({ status: 'succeeded' })
  })

  it('hears of a cancel by the conflict that it makes', async () => {
    const { door, world, submit } = await createOwnHubWorld()
    const { register, receive, complete, say } = await connect(door)
    await register()
    const taskId = await submit()
    const grants = await receive()
    const runs = grants.map(({ run, ticket }) => ({ taskId, run, ticket }))
    await cancelTask(world, { taskId, by: 'ann' })
    expect(await say('renew', { runs })).toMatchObject({ answer: { runs: [{ outcome: 'cancel' }] } })
    expect(await complete(grants, 'stop')).toMatchObject({ answer: { runs: [{ outcome: 'done' }] } })
    expect(await readHead(world, taskId)).toMatchObject({ status: 'canceled' })
  })

  it('knows by a conflict that somebody else took its task over', async () => {
    const { door, world, submit } = await createOwnHubWorld()
    const one = await connect(door, 'a')
    const two = await connect(door, 'b')
    await one.register()
    await two.register()
    const taskId = await submit()
    const [lost] = await one.receive()
    await world.clock.advance(200_000)
    const [won] = await two.receive()
    expect(won?.task.id).toBe(taskId)
    if (lost === undefined || won === undefined) throw new Error('nothing was granted')
    expect(await one.complete([lost])).toMatchObject({ answer: { runs: [{ outcome: 'lost' }] } })
    expect(await two.complete([won])).toMatchObject({ answer: { runs: [{ outcome: 'done' }] } })
  })

  it('is live in its fleet by the launch that it has, and without a process number', async () => {
    const { door, world } = await createOwnHubWorld()
    const { register } = await connect(door)
    expect(await register()).toMatchObject({ answer: { generation: 'h-mill:7', paused: false, idleSeconds: 1 } })
    const [instance] = await readInstances(world, 'mill')
    expect(instance).toMatchObject({ generation: 'h-mill:7', launch: 'arn:task', state: 'live' })
    expect(instance?.pid).toBeUndefined()
    expect((await readFleet(world, 'mill'))?.fleet.current).toBe('h-mill:7')
  })

  it('drains once another generation is current', async () => {
    const { door, world } = await createOwnHubWorld()
    const old = await connect(door, 'old')
    await old.register()
    expect(await old.receive(1)).toEqual([])
    await putWorker(world, { manifest, launch: deployed, generation: 'h-mill:8', by: 'registrar' })
    const fresh = await connect(door, 'fresh')
    await fresh.register({ generation: 'h-mill:8' })
    expect(await old.say('receive', { slots: 1, waitSeconds: 0 })).toMatchObject({ answer: { drain: true } })
    expect(await fresh.receive()).toEqual([])
  })

  it('takes nothing of a paused worker, and hears of the pause within seconds', async () => {
    const { door, world, submit } = await createOwnHubWorld()
    const { register, receive, complete } = await connect(door)
    await register()
    await submit()
    await complete(await receive())
    await pauseWorker(world, { worker: 'mill', by: 'ann' })
    await world.clock.advance(5_000)
    const taskId = await submit()
    const asked = receive(4, 1)
    await world.clock.advance(1_000)
    expect(await asked).toEqual([])
    expect(await readHead(world, taskId)).toMatchObject({ status: 'queued' })
  })
})

describe('the sight of an instance that serves itself', () => {
  it('is that of the clock of its hub', async () => {
    const { door, world, sight } = await createOwnHubWorld()
    const data = { at: world.clock.now() - 30_000, seesSince: 123_000 }
    const item = { ...tickKey, born: 'b', n: 1, data }
    await world.store.commit({ write: { kind: 'put', item, condition: { kind: 'any' } } })
    await connect(door)
    expect(sight.seesSince()).toBe(123_000)
  })

  it('begins at its own start where the clock has never ticked', async () => {
    const { door, world, sight } = await createOwnHubWorld()
    const startedAt = world.clock.now()
    await world.clock.advance(10_000)
    await connect(door)
    expect(sight.seesSince()).toBe(startedAt)
  })
})

describe('an instance that cannot reach its account', () => {
  const away = new ApiError('unavailable', 'reading an item: AWS does not answer as it should')

  it('is told so at the opening, and opens later', async () => {
    const { door, setFault } = await createOwnHubWorld()
    setFault(away)
    expect(await door.open()).toMatchObject({ kind: 'away', message: expect.stringContaining('AWS does not answer') })
    setFault(undefined)
    expect(await door.open()).toMatchObject({ kind: 'open' })
  })

  it('is refused at once what its role may not do', async () => {
    const { door, setFault } = await createOwnHubWorld()
    setFault(new Error('AccessDeniedException: not authorized to perform dynamodb:GetItem'))
    expect(await door.open()).toMatchObject({ kind: 'refused', message: expect.stringContaining('dynamodb:GetItem') })
  })

  it('counts how long nothing has come through, and forgets it when something does', async () => {
    const { door, world, setFault } = await createOwnHubWorld()
    const { opened, register, say } = await connect(door)
    await register()
    expect(opened.awayMs?.()).toBe(0)
    await world.clock.advance(6_000)
    setFault(away)
    const receive = { slots: 1, waitSeconds: 0 }
    expect(await say('receive', receive)).toMatchObject({ problem: { code: 'unavailable' } })
    await world.clock.advance(30_000)
    expect(await say('receive', receive)).toMatchObject({ problem: { code: 'unavailable' } })
    expect(opened.awayMs?.()).toBe(30_000)
    setFault(undefined)
    expect(await say('receive', receive)).toMatchObject({ answer: { grants: [] } })
    expect(opened.awayMs?.()).toBe(0)
    expect(world.logged).toEqual(expect.arrayContaining(['hub.away', 'hub.back']))
  })

  it('loses its stream over what is no line of the protocol', async () => {
    const { door } = await createOwnHubWorld()
    const { socket } = await connect(door)
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.write('good morning\n')
    await closed
    expect((await door.open()).kind).toBe('open')
  })

  it('answers nothing more to a stream that was ended', async () => {
    const { door } = await createOwnHubWorld()
    const { socket, say } = await connect(door)
    const ended = new Promise((resolve) => socket.once('end', resolve))
    void say('register', { concurrency: 1, runs: [] })
    socket.end()
    await ended
  })
})

describe('an instance that somebody starts by hand', () => {
  const byHand = { generation: undefined, launch: undefined }
  const other = { ...manifest, commands: [{ name: 'mill.sift', version: 1 }] }

  it('joins a worker that was deployed, and changes nothing of it', async () => {
    const { door, world } = await createOwnHubWorld()
    const { register } = await connect(door)
    expect(await register({ ...byHand, manifest: other })).toMatchObject({ answer: { generation: 'h-mill:7' } })
    expect((await readFleet(world, 'mill'))?.fleet).toMatchObject({ manifest, wanted: 'h-mill:7' })
  })

  it('registers a worker that is not deployed, if the API would take it', async () => {
    const { seen } = await createOwnHubWorld()
    const { createRegisterByHand } = await import('#worker-runtime/aws/register-by-hand')
    const registerWorker = createRegisterByHand(seen)
    const mine = { ...manifest, name: 'loom', commands: [{ name: 'loom.weave', version: 1 }] }
    expect(await registerWorker({ manifest: mine, by: 'ann' })).toMatchObject({ worker: 'loom' })
    const input = { type: 'string', pattern: '(a+)+$'.repeat(200) }
    const endless = { ...mine, commands: [{ name: 'loom.weave', version: 1, input }] }
    await expect(registerWorker({ manifest: endless, by: 'ann' })).rejects.toMatchObject({ code: 'invalid' })
  })
})
