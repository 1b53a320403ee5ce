import { describe, expect, it } from 'vitest'
import { createApiWorld } from './api-world.ts'

/** Developers with workers of their own on a hub that they share. */

const commands = [{ name: 'order.confirm', version: 1 }]

async function createShared() {
  const api = await createApiWorld()
  await api.putWorker('orders', commands)
  let nonces = 0
  const say = async (op: string, worker: string, fields: object) => {
    const body = { worker, instance: `i-${worker.replace('~', '-')}`, nonce: `n${nonces++}`, ...fields }
    const { status, json } = await api.call('POST', `/v1/worker-protocol/${op}`, body)
    if (status !== 200) throw new Error(JSON.stringify(json))
    return json
  }
  return {
    ...{ ...api, say },
    start: (isolationKey: string, hosted: object[] = commands) => {
      const manifest = { name: 'orders', isolationKey, commands: hosted }
      return say('register', `orders~${isolationKey}`, { concurrency: 4, runs: [], manifest })
    },
    submit: (isolationKey?: string, more: object = {}) =>
      api.call('POST', '/v1/tasks', { command: 'order.confirm', isolationKey, ...more }),
    receive: async (worker: string): Promise<string[]> => {
      const { grants } = await say('receive', worker, { slots: 4, waitSeconds: 0 })
      return grants.map(({ task }: { task: { id: string } }) => task.id)
    },
  }
}

describe('an isolation key', () => {
  it('brings a task to the worker of this key, and to no other', async () => {
    const { submit, start, receive, say } = await createShared()
    await say('register', 'orders', { concurrency: 4, runs: [] })
    await start('ann')
    await start('bob')
    const { json: hers } = await submit('ann')
    const { json: shared } = await submit()
    expect(hers).toMatchObject({ worker: 'orders~ann', isolationKey: 'ann' })
    expect(shared).toMatchObject({ worker: 'orders' })
    expect(shared).not.toHaveProperty('isolationKey')
    expect(await receive('orders~bob')).toEqual([])
    expect(await receive('orders')).toEqual([shared.id])
    expect(await receive('orders~ann')).toEqual([hers.id])
  })

  it('that nobody registered is refused, with those that are there', async () => {
    const { submit, start } = await createShared()
    const refused = await submit('ann')
    expect(refused).toMatchObject({ status: 422, json: { code: 'unknown-command' } })
    const asked = 'no worker has registered order.confirm under the isolation key'
    expect(refused.json.detail).toBe(`${asked} ann; it is there without a key`)
    await start('bob')
    await start('cleo')
    expect((await submit('ann')).json.detail).toBe(`${asked} ann; it is there without a key, and under bob, cleo`)
    await start('dan', [{ name: 'order.draft' }])
    const without = await submit(undefined, { command: 'order.draft' })
    expect(without.json.detail).toMatch(/order\.draft without an isolation key; it is there under dan$/)
    expect((await submit('dan', { command: 'order.none' })).json.detail).toMatch(
      /Registered commands under .* dan: order/,
    )
    const version = await submit('bob', { version: 3 })
    expect(version.json.detail).toBe('order.confirm has no version 3 under the isolation key bob; registered: 1')
    expect((await submit('Ann')).json.issues).toMatchObject([{ field: '/isolationKey' }])
  })

  it('takes arguments by the schema of its own worker', async () => {
    const { submit, start } = await createShared()
    await start('ann', [{ ...commands[0], input: { type: 'object', required: ['orderId'] } }])
    expect((await submit('ann')).json.code).toBe('invalid-arguments')
    expect((await submit()).status).toBe(202)
  })

  it('is told apart in one batch', async () => {
    const { call, start } = await createShared()
    await start('ann')
    const tasks = ['ann', undefined, 'ann'].map((isolationKey) => ({ command: 'order.confirm', isolationKey }))
    const { json } = await call('POST', '/v1/tasks/batch', { tasks })
    expect(json.tasks.map(({ worker }: { worker: string }) => worker)).toEqual(['orders~ann', 'orders', 'orders~ann'])
  })

  it('keeps its tasks when its worker leaves: they wait and say for whom', async () => {
    const { call, submit, start, receive, say } = await createShared()
    await start('ann')
    await say('leave', 'orders~ann', { phase: 'leaving' })
    await say('leave', 'orders~ann', { phase: 'gone' })
    const { json: task } = await submit('ann')
    const { waitingFor } = (await call('GET', `/v1/tasks/${task.id}`)).json
    expect(waitingFor).toEqual({
      kind: 'instance',
      message: 'no instance of orders~ann is running; start one by hand (taskurai work <module> --isolation-key ann)',
    })
    await start('ann')
    expect(await receive('orders~ann')).toEqual([task.id])
  })
})

describe('/v1/workers/{name}', () => {
  it('takes a worker with its key: put, seen, paused, resumed', async () => {
    const { call } = await createShared()
    const manifest = { name: 'orders', isolationKey: 'ann', commands }
    expect((await call('PUT', '/v1/workers/orders~ann', { manifest })).json).toMatchObject({ name: 'orders~ann' })
    expect((await call('GET', '/v1/workers/orders~ann')).status).toBe(200)
    expect((await call('POST', '/v1/workers/orders~ann/pause')).json.paused).toBe(true)
    expect((await call('GET', '/v1/workers/orders')).json.paused).toBe(false)
    expect((await call('POST', '/v1/workers/orders~ann/resume')).json.paused).toBe(false)
    const { workers } = (await call('GET', '/v1/workers')).json
    expect(workers.map(({ name }: { name: string }) => name)).toEqual(['orders', 'orders~ann'])
    const listed = (await call('GET', '/v1/commands')).json.commands
    expect(listed.map(({ worker }: { worker: string }) => worker)).toEqual(['orders', 'orders~ann'])
  })

  it.each([
    ['orders', 'ann', '/manifest/isolationKey', 'is not in the path'],
    ['orders~bob', 'ann', '/manifest/isolationKey', 'is not bob, which the path names'],
    ['orders~bob', undefined, '/manifest/isolationKey', 'is not bob, which the path names'],
    ['mail~ann', 'ann', '/manifest/name', 'is not mail, which the path names'],
  ])('refuses to put %s with the key %s', async (path, isolationKey, field, message) => {
    const { call } = await createShared()
    const answer = await call('PUT', `/v1/workers/${path}`, { manifest: { name: 'orders', isolationKey, commands } })
    expect(answer).toMatchObject({ status: 422, json: { issues: [{ field, message }] } })
  })

  it('refuses to launch one', async () => {
    const { call } = await createShared()
    const manifest = { name: 'orders', isolationKey: 'ann', commands }
    const answer = await call('PUT', '/v1/workers/orders~ann', { manifest, launch: { module: './orders.ts' } })
    expect(answer).toMatchObject({ status: 422, json: { issues: [{ field: '/launch' }] } })
  })

  it('and the manifest of an instance have one key', async () => {
    const { say } = await createShared()
    const manifest = { name: 'orders', isolationKey: 'ann', commands }
    const other = say('register', 'orders', { concurrency: 1, runs: [], manifest })
    await expect(other).rejects.toThrow('the manifest is of orders~ann, not of orders')
  })
})
