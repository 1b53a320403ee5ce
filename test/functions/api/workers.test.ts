import { describe, expect, it } from 'vitest'
import { limits } from '#core/contract/limits'
import { WorkerView } from '#core/contract/workers'
import { createApiWorld, createOrdersWorld, order, orderInput } from './api-world.ts'

const manifestOf = (name: string, commands: readonly object[], more: object = {}) => ({ name, commands, ...more })

describe('PUT /v1/workers/{name}', () => {
  it('registers a worker, which is then shown with its commands', async () => {
    const { call } = await createApiWorld()
    const manifest = manifestOf('orders', [{ name: 'order.confirm', input: orderInput }], { scaling: { max: 3 } })
    const put = await call('PUT', '/v1/workers/orders', { manifest, launch: { module: './orders.ts' } })
    expect(put.status).toBe(200)
    expect(WorkerView.parse(put.json)).toMatchObject({
      name: 'orders',
      commands: [{ name: 'order.confirm', version: 1 }],
      instances: 0,
      paused: false,
      scaling: { min: 0, max: 3, tasksPerInstance: 1 },
    })
    expect((await call('GET', '/v1/workers/orders')).json).toEqual(put.json)
    expect((await call('GET', '/v1/workers')).json).toEqual({ workers: [put.json] })
    expect((await call('GET', '/v1/commands')).json.commands).toMatchObject([
      { name: 'order.confirm', version: 1, worker: 'orders', input: orderInput },
    ])
  })

  it('is seen by the very next task, also where it changes a schema or takes a command away', async () => {
    const { call, putWorker } = await createOrdersWorld()
    expect((await call('POST', '/v1/tasks', order())).status).toBe(202)
    await putWorker('orders', [{ name: 'order.confirm', input: { type: 'object', required: ['total'] } }])
    expect((await call('POST', '/v1/tasks', order())).json.issues).toMatchObject([{ field: '/arguments/total' }])
    await putWorker('orders', [{ name: 'other' }])
    expect((await call('POST', '/v1/tasks', order())).json.code).toBe('unknown-command')
  })

  it('is the same again for the same, and a new generation for another', async () => {
    const { putWorker } = await createApiWorld()
    const first = await putWorker('w', [{ name: 'c' }])
    expect((await putWorker('w', [{ name: 'c' }])).json.generation).toBe(first.json.generation)
    expect((await putWorker('w', [{ name: 'c' }, { name: 'd' }])).json.generation).not.toBe(first.json.generation)
  })

  it('leaves a command to the worker that has it', async () => {
    const { putWorker } = await createOrdersWorld()
    expect(await putWorker('thief', [{ name: 'order.confirm' }])).toMatchObject({
      status: 409,
      json: { code: 'conflict', detail: expect.stringContaining('orders') },
    })
  })

  it.each([
    ['another name', manifestOf('x', [{ name: 'c' }]), '/manifest/name'],
    ['no command', manifestOf('w', []), '/manifest/commands'],
    ['a command twice', manifestOf('w', [{ name: 'c' }, { name: 'c' }]), '/manifest/commands/1'],
    ['max below min', manifestOf('w', [{ name: 'c' }], { scaling: { min: 3, max: 2 } }), '/manifest/scaling'],
    ['an unknown field', manifestOf('w', [{ name: 'c', schema: {} }]), '/manifest/commands/0/schema'],
    ['no schema', manifestOf('w', [{ name: 'c', input: { type: 'objekt' } }]), '/manifest/commands/0/input'],
    ['a lease too short', manifestOf('w', [{ name: 'c', leaseSeconds: 1 }]), '/manifest/commands/0/leaseSeconds'],
    [
      'a reference to elsewhere',
      manifestOf('w', [{ name: 'c', input: { $ref: 'https://x.example/s.json' } }]),
      '/manifest/commands/0/input/$ref',
    ],
    [
      'a reference to nothing',
      manifestOf('w', [{ name: 'c', input: { $ref: '#/$defs/none' } }]),
      '/manifest/commands/0/input',
    ],
    [
      'a pattern that backtracks',
      manifestOf('w', [{ name: 'c', output: { properties: { a: { pattern: '(a)\\1' } } } }]),
      '/manifest/commands/0/output/properties/a/pattern',
    ],
    [
      'a schema that is too large',
      manifestOf('w', [{ name: 'c', input: { description: 'x'.repeat(limits.schemaBytes) } }]),
      '/manifest/commands/0/input',
    ],
    [
      'an asynchronous schema',
      manifestOf('w', [{ name: 'c', input: { $async: true } }]),
      '/manifest/commands/0/input/$async',
    ],
  ])('refuses %s', async (_, manifest, field) => {
    const { call } = await createApiWorld()
    const refused = await call('PUT', '/v1/workers/w', { manifest })
    expect(refused).toMatchObject({ status: 422, json: { code: 'invalid', issues: [{ field }] } })
    expect((await call('GET', '/v1/workers')).json).toEqual({ workers: [] })
  })
})

describe('pause and resume', () => {
  it('say so in the worker and in what its tasks wait for', async () => {
    const { call } = await createOrdersWorld()
    const task = await call('POST', '/v1/tasks', order())
    expect((await call('POST', '/v1/workers/orders/pause', { reason: 'stocktaking' })).json.paused).toBe(true)
    expect((await call('POST', '/v1/workers/orders/pause')).json.paused).toBe(true)
    const { waitingFor } = (await call('GET', `/v1/tasks/${task.json.id}`)).json
    expect(waitingFor).toEqual({ kind: 'paused', message: 'orders was paused by tester: stocktaking' })
    expect((await call('POST', '/v1/workers/orders/resume', {})).json.paused).toBe(false)
    expect((await call('POST', '/v1/workers/orders/resume')).json.paused).toBe(false)
  })

  it.each([
    ['GET', '/v1/workers/none'],
    ['POST', '/v1/workers/none/pause'],
    ['POST', '/v1/workers/none/resume'],
    ['GET', '/v1/workers/No_Name'],
  ])('%s %s: there is no such worker', async (method, path) => {
    const { call } = await createOrdersWorld()
    expect(await call(method, path)).toMatchObject({ status: 404, json: { code: 'not-found' } })
  })

  it('take nothing that they do not know', async () => {
    const { call } = await createOrdersWorld()
    const refused = await call('POST', '/v1/workers/orders/resume', { reason: 'x' })
    expect(refused).toMatchObject({ status: 422, json: { issues: [{ field: '/reason' }] } })
    const long = { reason: 'x'.repeat(limits.reasonChars + 1) }
    expect((await call('POST', '/v1/workers/orders/pause', long)).json.issues[0].field).toBe('/reason')
  })
})
