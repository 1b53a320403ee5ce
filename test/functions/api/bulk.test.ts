import { describe, expect, it } from 'vitest'
import { tickDue } from '#functions/clock/clock'
import { type ApiWorld, createApiWorld, createOrdersWorld, order } from './api-world.ts'

async function filled(count: number): Promise<ApiWorld & { readonly ids: readonly string[] }> {
  const apiWorld = await createOrdersWorld()
  const ids: string[] = []
  for (let index = 0; index < count; index++) {
    ids.push((await apiWorld.call('POST', '/v1/tasks', { ...order(), userId: 'u-1' })).json.id)
  }
  await apiWorld.settle()
  return { ...apiWorld, ids }
}

const byUser = { userId: 'u-1' }

describe('POST /v1/bulk', () => {
  it('answers a task at once, which is in lists, can be followed, and tells what it did', async () => {
    const { call, world, settle, ids } = await filled(5)
    const asked = await call('POST', '/v1/bulk', { action: 'cancel', filter: byUser, reason: 'sent twice' })
    expect(asked.status).toBe(202)
    expect(asked.headers.get('location')).toBe(`/v1/tasks/${asked.json.id}`)
    expect(asked.json).toMatchObject({
      ...{ command: 'taskurai.bulk', worker: 'taskurai', status: 'running', createdBy: 'tester' },
      subject: 'cancel userId=u-1',
      arguments: { action: 'cancel', filter: byUser, reason: 'sent twice' },
    })
    await tickDue(world)
    const { json } = await call('GET', `/v1/tasks/${asked.json.id}`)
    expect(json).toMatchObject({ status: 'succeeded', progress: { percent: 100, message: 'looked at 5, canceled 5' } })
    expect(json.result.output).toMatchObject({ action: 'cancel', dryRun: false, looked: 5, changed: 5, failed: 0 })
    expect(new Set(json.result.output.firstIds)).toEqual(new Set(ids))
    await settle()
    expect((await call('GET', '/v1/tasks?limit=1')).json.tasks[0].id).toBe(asked.json.id)
    expect((await call('GET', '/v1/tasks?command=taskurai.bulk')).json.tasks).toHaveLength(1)
  })

  it('is canceled as any task, patched as any, and not retried', async () => {
    const { call, world } = await filled(3)
    const { id } = (await call('POST', '/v1/bulk', { action: 'cancel', filter: byUser })).json
    expect((await call('PATCH', `/v1/tasks/${id}`, { subject: 'mine' })).status).toBe(200)
    expect((await call('POST', `/v1/tasks/${id}/cancel`)).json).toMatchObject({ status: 'canceled', subject: 'mine' })
    await tickDue(world)
    expect((await call('GET', '/v1/tasks?userId=u-1&status=queued')).json.tasks).toHaveLength(3)
    const again = await call('POST', `/v1/tasks/${id}/retry`)
    expect(again).toMatchObject({ status: 409, json: { code: 'conflict' } })
    expect(again.json.detail).toContain('/v1/bulk')
    expect((await call('DELETE', `/v1/tasks/${id}`)).status).toBe(204)
  })

  it('the same key is the same bulk; another under it is refused', async () => {
    const { call } = await filled(1)
    const key = { 'idempotency-key': 'once' }
    const body = { action: 'retry', filter: { tags: ['desk:two'] }, dryRun: true }
    const first = await call('POST', '/v1/bulk', body, key)
    expect((await call('POST', '/v1/bulk', body, key)).json.id).toBe(first.json.id)
    expect(await call('POST', '/v1/bulk', { ...body, dryRun: false }, key)).toMatchObject({
      status: 409,
      json: { code: 'idempotency-conflict' },
    })
  })

  it.each([
    ['an empty filter', { action: 'cancel', filter: {} }, /name at least one of command, status, tags/],
    ['no tags in it', { action: 'cancel', filter: { tags: [] } }, /name at least one of/],
    ['no filter', { action: 'cancel' }, /filter/],
    ['another action', { action: 'drop', filter: byUser }, /action/],
    ['a field that there is not', { action: 'cancel', filter: { user: 'u-1' } }, /filter\/user/],
    ['a status that there is not', { action: 'cancel', filter: { status: 'done' } }, /filter\/status/],
    ['a tag without value', { action: 'cancel', filter: { tags: ['desk'] } }, /key:value/],
    ['a time that is none', { action: 'erase', filter: { to: 'yesterday' } }, /filter\/to/],
    ['a long reason', { action: 'cancel', filter: byUser, reason: 'r'.repeat(201) }, /reason/],
  ])('refuses %s', async (_, body, detail) => {
    const { call, settle } = await createOrdersWorld()
    const refused = await call('POST', '/v1/bulk', body)
    expect(refused).toMatchObject({ status: 422, json: { code: 'invalid' } })
    expect(refused.json.detail).toMatch(detail)
    await settle()
    expect((await call('GET', '/v1/tasks')).json.tasks).toEqual([])
  })

  it('a filter that fits one item no more is kept whole', async () => {
    const { call, world } = await filled(1)
    const tags = Array.from({ length: 20 }, (_, index) => `key${index}:${'v'.repeat(250)}`)
    const asked = await call('POST', '/v1/bulk', { action: 'cancel', filter: { ...byUser, tags } })
    await tickDue(world)
    const { json } = await call('GET', `/v1/tasks/${asked.json.id}`)
    expect(json).toMatchObject({
      status: 'succeeded',
      result: { output: { looked: 0 } },
      arguments: { filter: { tags } },
    })
    expect(json.subject.length).toBeLessThanOrEqual(200)
  })

  it('is the name of no worker’s command', async () => {
    const { putWorker } = await createApiWorld()
    const refused = await putWorker('w', [{ name: 'taskurai.bulk' }])
    expect(refused.status).toBe(422)
    expect(refused.json.detail).toContain("the hub's own")
    const { call } = await createOrdersWorld()
    expect((await call('POST', '/v1/tasks', { command: 'taskurai.bulk' })).json.code).toBe('unknown-command')
  })
})
