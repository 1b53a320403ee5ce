import { describe, expect, it } from 'vitest'
import { newSecret } from '#adapters/system/secrets'
import { limits } from '#core/contract/limits'
import type { LiveDoor } from '#core/live/door'
import { checkWatchToken } from '#core/live/token'
import { createOrdersWorld, order } from './api-world.ts'

async function createWatchWorld() {
  const revoked: string[] = []
  const live: LiveDoor = {
    newSecret,
    urlOf: (_, token) => `wss://live.example/?token=${token}`,
    revoke: async (id) => {
      revoked.push(id)
      return revoked.length === 1
    },
  }
  const api = await createOrdersWorld({ live })
  const { json } = await api.call('POST', '/v1/tasks', order())
  return { ...api, revoked, path: `/v1/tasks/${json.id}/watch-token`, taskId: json.id as string }
}

describe('a watch token of a task', () => {
  it('is made without a body, for an hour and the outline', async () => {
    const { world, call, path, taskId } = await createWatchWorld()
    const { status, json } = await call('POST', path)
    expect(status).toBe(201)
    expect(json.url).toBe(`wss://live.example/?token=${json.token}`)
    expect(Date.parse(json.expiresAt)).toBe(world.clock.now() + 3_600_000)
    const checked = await checkWatchToken(world, json.token)
    expect(checked).toMatchObject({
      kind: 'good',
      token: { id: json.id, view: 'outline', scope: { kind: 'task', taskId } },
    })
  })

  it('lives as long as was asked, with the view that was asked', async () => {
    const { world, call, path } = await createWatchWorld()
    const { json } = await call('POST', path, { expiresInSeconds: limits.watchTokenSeconds, view: 'full' })
    expect(Date.parse(json.expiresAt)).toBe(world.clock.now() + 7 * 86_400_000)
    expect(await checkWatchToken(world, json.token)).toMatchObject({ token: { view: 'full' } })
  })

  it.each<[unknown, string]>([
    [{ expiresInSeconds: limits.watchTokenSeconds + 1 }, '/expiresInSeconds'],
    [{ expiresInSeconds: 0 }, '/expiresInSeconds'],
    [{ view: 'all' }, '/view'],
    [{ userId: 'u-1' }, '/userId'],
  ])('is refused for %j', async (body, field) => {
    const { call, path } = await createWatchWorld()
    const { status, json } = await call('POST', path, body)
    expect([status, json.code, json.issues[0].field]).toEqual([422, 'invalid', field])
  })

  it('is refused for a task that is not there', async () => {
    const { call } = await createWatchWorld()
    const { status, json } = await call('POST', '/v1/tasks/01ARZ3NDEKTSV4RRFFQ69G5FAV/watch-token')
    expect([status, json.code]).toEqual([404, 'not-found'])
  })
})

describe('a watch token of a subject', () => {
  it.each([
    [{ userId: 'u-1' }, { kind: 'user', value: 'u-1' }],
    [{ accountId: 'a #1' }, { kind: 'account', value: 'a #1' }],
    [{ correlationId: 'c-1' }, { kind: 'correlation', value: 'c-1' }],
  ])('is made for %j', async (body, scope) => {
    const { world, call } = await createWatchWorld()
    const { status, json } = await call('POST', '/v1/watch-tokens', body)
    expect(status).toBe(201)
    expect(await checkWatchToken(world, json.token)).toMatchObject({ token: { scope } })
  })

  it.each([[{}], [{ userId: 'u-1', accountId: 'a-1' }], [{ userId: '' }], [{ userId: 'u'.repeat(129) }]])(
    'is refused for %j',
    async (body) => {
      const { call } = await createWatchWorld()
      expect((await call('POST', '/v1/watch-tokens', body)).status).toBe(422)
    },
  )
})

describe('taking a token back', () => {
  it('answers 204, and 404 where there is none', async () => {
    const { call, revoked } = await createWatchWorld()
    const id = '01ARZ3NDEKTSV4RRFFQ69G5FAV'
    expect((await call('DELETE', `/v1/watch-tokens/${id}`)).status).toBe(204)
    expect((await call('DELETE', `/v1/watch-tokens/${id}`)).status).toBe(404)
    expect((await call('DELETE', '/v1/watch-tokens/none')).status).toBe(404)
    expect(revoked).toEqual([id, id])
  })
})

it('a hub without a live endpoint says so, by a code of its own', async () => {
  const { call } = await createOrdersWorld()
  const { json: task } = await call('POST', '/v1/tasks', order())
  const { status, json } = await call('POST', `/v1/tasks/${task.id}/watch-token`)
  expect([status, json.code]).toEqual([501, 'not-offered'])
})
