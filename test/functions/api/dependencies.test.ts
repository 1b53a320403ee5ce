import { describe, expect, it } from 'vitest'
import type { Task } from '#core/contract/task'
import { type ApiWorld, createOrdersWorld, order } from './api-world.ts'

const keyed = (key: string) => ({ 'idempotency-key': key })
const free = (more: object = {}) => ({ command: 'free', ...more })

async function made(apiWorld: ApiWorld, body: object, headers = {}): Promise<Task> {
  const answer = await apiWorld.call('POST', '/v1/tasks', body, headers)
  if (answer.status !== 202) throw new Error(JSON.stringify(answer.json))
  return answer.json
}

describe('dependsOn of a single task', () => {
  it('is told in the envelope, with why the task waits', async () => {
    const apiWorld = await createOrdersWorld()
    const before = await made(apiWorld, order())
    const after = await made(apiWorld, free({ dependsOn: [before.id], onDependencyFailure: 'continue' }))
    expect(after).toMatchObject({ status: 'waiting', dependencies: 1, onDependencyFailure: 'continue' })
    await apiWorld.runNext('orders')
    await apiWorld.settle()
    expect((await apiWorld.call('GET', `/v1/tasks/${after.id}`)).json.status).toBe('queued')
    expect(await apiWorld.runNext('orders')).toBe(after.id)
  })

  it('names tasks that are there', async () => {
    const { call, world } = await createOrdersWorld()
    const unknown = world.ids.next()
    const answer = await call('POST', '/v1/tasks', free({ dependsOn: [unknown, 'first'] }))
    expect(answer).toMatchObject({ status: 422, json: { code: 'invalid' } })
    expect(answer.json.issues).toEqual([
      { field: '/dependsOn/0', message: `there is no task ${unknown}` },
      { field: '/dependsOn/1', message: "'first' is no id of a task; a ref names a task of the same batch" },
    ])
    expect((await call('POST', '/v1/tasks', free({ ref: 'a' }))).status).toBe(422)
    expect((await call('POST', '/v1/tasks', free({ dependsOn: [] }))).status).toBe(422)
  })

  it('may be asked for again when a dependency is gone', async () => {
    const apiWorld = await createOrdersWorld()
    const before = await made(apiWorld, order())
    const body = free({ dependsOn: [before.id] })
    const after = await made(apiWorld, body, keyed('k-1'))
    await apiWorld.runNext('orders')
    await apiWorld.settle()
    expect((await apiWorld.call('DELETE', `/v1/tasks/${before.id}`)).status).toBe(204)
    expect(await made(apiWorld, body, keyed('k-1'))).toMatchObject({ id: after.id, status: 'queued' })
  })
})
