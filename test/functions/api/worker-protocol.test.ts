import { describe, expect, it } from 'vitest'
import type { Grant } from '#core/contract/worker-protocol'
import { type Answer, type ApiWorld, createApiWorld, createOrdersWorld, order, orderInput } from './api-world.ts'

/** One instance of the worker `orders` that speaks the protocol over HTTP. */
function instanceOf({ call }: ApiWorld, instance = 'i-1') {
  let nonces = 0
  const say = (op: string, fields: object, nonce = `n${nonces++}`): Promise<Answer> =>
    call('POST', `/v1/worker-protocol/${op}`, { worker: 'orders', instance, nonce, ...fields })
  return {
    say,
    register: (fields: object = {}, nonce?: string) => say('register', { concurrency: 4, runs: [], ...fields }, nonce),
    receive: (fields: object = {}, nonce?: string) =>
      say('receive', { slots: 4, freeSlots: 4, waitSeconds: 0, ...fields }, nonce),
    grants: async (): Promise<readonly Grant[]> =>
      (await say('receive', { slots: 4, freeSlots: 4, waitSeconds: 0 })).json.grants,
  }
}

const registered = async () => {
  const apiWorld = await createOrdersWorld()
  const instance = instanceOf(apiWorld)
  expect((await instance.register()).status).toBe(200)
  return { ...apiWorld, instance }
}

const first = <T>(all: readonly T[]): T => {
  const [one] = all
  if (one === undefined) throw new Error('there is none')
  return one
}

const runOf = ({ run, ticket, task }: Grant) => ({ run, ticket, taskId: task.id })

describe('an instance over HTTP', () => {
  it('registers, receives, renews, completes and leaves', async () => {
    const { call, instance } = await registered()
    const { json: task } = await call('POST', '/v1/tasks', order())
    const grant = first(await instance.grants())
    expect(grant).toMatchObject({ leaseSeconds: 60, task: { id: task.id, arguments: { orderId: 'o-1' } } })
    const { taskId, run, ticket } = runOf(grant)
    const renewed = await instance.say('renew', { runs: [{ taskId, run, ticket, progress: { percent: 40 } }] })
    expect(renewed.json).toEqual({ runs: [{ run, outcome: 'owned' }] })
    expect((await call('GET', `/v1/tasks/${taskId}`)).json).toMatchObject({
      status: 'running',
      progress: { percent: 40 },
    })
    const end = { kind: 'succeed', taskId, run, result: { output: { pages: 2 } } }
    expect((await instance.say('complete', { ends: [end] })).json).toEqual({ runs: [{ run, outcome: 'done' }] })
    expect((await call('GET', `/v1/tasks/${taskId}`)).json).toMatchObject({
      status: 'succeeded',
      result: { output: { pages: 2 } },
    })
    expect((await call('GET', '/v1/workers/orders')).json.instances).toBe(1)
    await instance.say('leave', { phase: 'leaving' })
    expect((await instance.say('leave', { phase: 'gone' })).json).toEqual({})
    expect((await call('GET', '/v1/workers/orders')).json.instances).toBe(0)
  })

  it('that lost an answer asks again with its nonce and gets the same', async () => {
    const { call, instance } = await registered()
    for (const id of ['a', 'b', 'c']) await call('POST', '/v1/tasks', order(id))
    const answers = await Promise.all([instance.receive({ slots: 2 }, 'same'), instance.receive({ slots: 2 }, 'same')])
    expect(answers[0]?.json.grants).toHaveLength(2)
    expect(answers[1]?.json).toEqual(answers[0]?.json)
    const { taskId, run } = runOf(first(answers[0]?.json.grants))
    const complete = () => instance.say('complete', { ends: [{ kind: 'succeed', taskId, run }] }, 'end')
    expect((await complete()).json).toEqual((await complete()).json)
    expect(await instance.grants()).toHaveLength(1)
    for (const _ of ['once', 'again']) {
      expect((await instance.say('leave', { phase: 'gone' }, 'bye')).json).toEqual({})
    }
  })

  it('keeps apart what is asked under one nonce by two operations', async () => {
    const { call, instance } = await registered()
    await call('POST', '/v1/tasks', order())
    const { json } = await instance.receive({}, 'one')
    const renewed = await instance.say('renew', { runs: [runOf(first(json.grants))] }, 'one')
    expect(renewed.json.runs).toMatchObject([{ outcome: 'owned' }])
  })

  it('keeps its runs when its registration arrives twice, the second time late', async () => {
    const { call, instance } = await registered()
    await instance.register({}, 'r-1')
    await call('POST', '/v1/tasks', order())
    const grant = first(await instance.grants())
    expect((await instance.register({}, 'r-1')).status).toBe(200)
    expect((await call('GET', `/v1/tasks/${grant.task.id}`)).json.status).toBe('running')
    // A new registration that does not know of the run gives it back.
    await instance.register({}, 'r-2')
    expect((await call('GET', `/v1/tasks/${grant.task.id}`)).json.status).toBe('queued')
  })

  it('keeps the runs that it names when it registers anew', async () => {
    const { call, instance } = await registered()
    await call('POST', '/v1/tasks', order())
    const { taskId, run } = runOf(first(await instance.grants()))
    await instance.register({ runs: [{ taskId, run }] })
    const renewed = await instance.say('renew', { runs: [{ taskId, run }] })
    expect(renewed.json.runs).toEqual([{ run, outcome: 'owned' }])
  })

  it('loses nothing to a receive that was open when it registered anew', async () => {
    const { call, instance, world } = await registered()
    const open = instance.receive({ waitSeconds: 20 })
    await world.clock.advance(1_000)
    await instance.register()
    await call('POST', '/v1/tasks', order())
    await world.clock.advance(1)
    expect((await open).json.grants).toEqual([])
    expect(await instance.grants()).toHaveLength(1)
  })

  it('has back what it was granted while its registration was being replaced', async () => {
    const { call, instance, world } = await registered()
    const { json: task } = await call('POST', '/v1/tasks', order())
    const release = new AbortController()
    const held = new Promise<void>((resolve) => release.signal.addEventListener('abort', () => resolve()))
    const { commit } = world.store
    Object.assign(world.store, {
      commit: async (ask: Parameters<typeof commit>[0]) => {
        const outcome = await commit(ask)
        const isClaim = ask.write.kind === 'put' && (ask.write.item.data as { status?: string }).status === 'running'
        if (isClaim) await held
        return outcome
      },
    })
    const open = instance.receive()
    await world.clock.advance(1)
    await instance.register()
    release.abort()
    expect((await open).json.grants).toEqual([])
    expect((await call('GET', `/v1/tasks/${task.id}`)).json.status).toBe('queued')
    expect(await instance.grants()).toHaveLength(1)
  })

  it('takes nothing of a paused worker, also by a receive that was open before', async () => {
    const { call, instance, world } = await registered()
    const open = instance.receive({ waitSeconds: 20 })
    await world.clock.advance(5_000)
    await call('POST', '/v1/workers/orders/pause')
    const { json: task } = await call('POST', '/v1/tasks', order())
    await world.clock.advance(1)
    expect((await open).json.grants).toEqual([])
    const asked = instance.receive({ waitSeconds: 20 })
    await world.clock.advance(20_000)
    expect((await asked).json.grants).toEqual([])
    await call('POST', '/v1/workers/orders/resume')
    expect(first(await instance.grants()).task.id).toBe(task.id)
  })

  it('that died in the middle of a receive is given nothing by it', async () => {
    const { api, call, instance, world } = await registered()
    const dying = new AbortController()
    const fields = { worker: 'orders', instance: 'i-1', nonce: 'dying', slots: 4, freeSlots: 4, waitSeconds: 20 }
    const asked = new Request('http://hub/v1/worker-protocol/receive', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(fields),
      signal: dying.signal,
    })
    const open = api.fetch(asked)
    await world.clock.advance(1_000)
    dying.abort()
    await world.clock.advance(1)
    expect(await (await open).json()).toEqual({ grants: [] })
    await call('POST', '/v1/tasks', order())
    expect(await instance.grants()).toHaveLength(1)
  })

  it('is told when a run was canceled, and when it is somebody else’s', async () => {
    const { call, instance } = await registered()
    await call('POST', '/v1/tasks', order())
    const { taskId, run, ticket } = runOf(first(await instance.grants()))
    await call('POST', `/v1/tasks/${taskId}/cancel`)
    expect((await instance.say('renew', { runs: [{ taskId, run, ticket }] })).json.runs).toEqual([
      { run, outcome: 'cancel' },
    ])
    await instance.say('complete', { ends: [{ kind: 'stop', taskId, run }] })
    expect((await call('GET', `/v1/tasks/${taskId}`)).json.status).toBe('canceled')
    const late = await instance.say('complete', { ends: [{ kind: 'succeed', taskId, run: 'i-0.x.0' }] })
    expect(late.json.runs).toMatchObject([{ run: 'i-0.x.0', outcome: 'lost' }])
  })

  it('hands back what it cannot finish', async () => {
    const { call, instance } = await registered()
    await call('POST', '/v1/tasks', order())
    const grant = first(await instance.grants())
    await instance.say('release', { reason: 'shutdown', runs: [runOf(grant)] })
    expect(first(await instance.grants()).task.id).toBe(grant.task.id)
  })
})

describe('a registration', () => {
  const manifest = (input: object) => ({ name: 'orders', commands: [{ name: 'order.confirm', input }] })

  it('that brings a manifest is checked, and seen by the very next task', async () => {
    const apiWorld = await createApiWorld()
    const { call } = apiWorld
    const instance = instanceOf(apiWorld)
    expect((await call('POST', '/v1/tasks', order())).json.code).toBe('unknown-command')
    const bad = await instance.register({ manifest: manifest({ properties: { a: { pattern: '(?=x)' } } }) })
    expect(bad).toMatchObject({
      status: 422,
      json: { issues: [{ field: '/manifest/commands/0/input/properties/a/pattern' }] },
    })
    expect((await call('GET', '/v1/commands')).json).toEqual({ commands: [] })
    expect((await instance.register({ manifest: manifest(orderInput) })).status).toBe(200)
    expect((await call('POST', '/v1/tasks', order())).status).toBe(202)
    await instance.register({ manifest: manifest({ type: 'object', required: ['total'] }) })
    expect((await call('POST', '/v1/tasks', order())).json.code).toBe('invalid-arguments')
  })

  it('of a worker that nobody knows is refused, and so are calls without one', async () => {
    const apiWorld = await createApiWorld()
    const instance = instanceOf(apiWorld)
    expect(await instance.register()).toMatchObject({ status: 404, json: { code: 'not-found' } })
    expect(await instance.receive()).toMatchObject({ status: 409, json: { code: 'not-registered' } })
    const other = await instance.register({ manifest: { ...manifest({}), name: 'other' } })
    expect(other).toMatchObject({ status: 422, json: { code: 'invalid' } })
  })

  it.each([
    ['register', { concurrency: 0, runs: [] }, '/concurrency'],
    ['receive', { slots: 1, freeSlots: 1, waitSeconds: 21 }, '/waitSeconds'],
    ['renew', { runs: [] }, '/runs'],
    [
      'renew',
      { runs: [{ taskId: '01ARZ3NDEKTSV4RRFFQ69G5FAV', run: 'r', progress: { percent: 101 } }] },
      '/runs/0/progress/percent',
    ],
    ['complete', { ends: [{ kind: 'vanish' }] }, '/ends/0/kind'],
    ['release', { reason: 'x', runs: [{ taskId: 'x', run: 'r' }] }, '/runs/0/taskId'],
    ['leave', { phase: 'later' }, '/phase'],
  ])('or %s that is malformed is refused with %j named', async (op, fields, field) => {
    const { instance } = await registered()
    const refused = await instance.say(op, fields)
    expect(refused).toMatchObject({ status: 422, json: { code: 'invalid', issues: [{ field }] } })
  })

  it('finds room when those that fell silent fill the hub', async () => {
    const apiWorld = await createOrdersWorld()
    const call = (index: number) => instanceOf(apiWorld, `i-${index}`).register()
    for (let index = 0; index < 1_000; index++) await call(index)
    expect(await call(1_000)).toMatchObject({ status: 429, json: { code: 'too-many' } })
    expect((await call(7)).status).toBe(200)
    await apiWorld.world.clock.advance(121_000)
    expect((await call(1_000)).status).toBe(200)
  })
})
