import { describe, expect, it } from 'vitest'
import { isAllowed } from '#core/permission'
import type { ApiOptions, RawRequest } from '#functions/api/app'
import { createApiWorld, createOrdersWorld, order } from './api-world.ts'

const absent = '/v1/tasks/01ARZ3NDEKTSV4RRFFQ69G5FAV'

describe('a method that a path does not take', () => {
  it.each([
    ['DELETE', '/v1/tasks', 'GET, POST, HEAD, OPTIONS'],
    ['PUT', absent, 'GET, PATCH, DELETE, HEAD, OPTIONS'],
    ['GET', `${absent}/cancel`, 'POST, OPTIONS'],
    ['HEAD', `${absent}/retry`, 'POST, OPTIONS'],
    ['POST', '/v1/openapi.json', 'GET, HEAD, OPTIONS'],
    ['POST', '/v1/workers/orders', 'GET, PUT, HEAD, OPTIONS'],
    ['GET', '/v1/worker-protocol/receive', 'POST, OPTIONS'],
    ['PROPFIND', '/v1/workers', 'GET, HEAD, OPTIONS'],
    ['POST', '/healthz', 'GET, HEAD, OPTIONS'],
  ])('%s %s: 405 and what it takes', async (method, path, allow) => {
    const { call } = await createApiWorld()
    const refused = await call(method, path)
    expect([...(refused.headers.get('allow') ?? '').split(', ')].sort()).toEqual(allow.split(', ').sort())
    expect(refused.status).toBe(405)
    if (method !== 'HEAD') expect(refused.json).toMatchObject({ status: 405, code: 'method-not-allowed' })
  })

  it('OPTIONS tells what a path takes', async () => {
    const { call } = await createApiWorld()
    const told = await call('OPTIONS', '/v1/tasks/batch')
    expect([told.status, told.headers.get('allow'), told.json]).toEqual([204, 'POST, OPTIONS', undefined])
    expect((await call('OPTIONS', '/v1/nothing')).status).toBe(404)
  })

  it('HEAD answers what GET would, without its body', async () => {
    const { call } = await createOrdersWorld()
    const { json } = await call('POST', '/v1/tasks', order())
    const head = await call('HEAD', `/v1/tasks/${json.id}`)
    expect([head.status, head.headers.get('content-type'), head.json]).toEqual([200, 'application/json', undefined])
    expect((await call('HEAD', absent)).status).toBe(404)
  })
})

describe('a path that is not there', () => {
  it.each(['/', '/v1', '/v1/', '/v1/tasks/', '/v2/tasks', `${absent}/cancel/x`, '/healthz/x'])(
    '%s: 404',
    async (path) => {
      const { call } = await createApiWorld()
      const none = await call('GET', path)
      expect(none).toMatchObject({ status: 404, json: { code: 'not-found' } })
      expect(none.json.detail).toContain('/v1/openapi.json')
    },
  )
})

describe('who may', () => {
  const keyWith = (...allows: string[]): Partial<ApiOptions> => ({
    authorize: () => ({ ok: true, principal: 'narrow', allows: (method, path) => isAllowed(allows, method, path) }),
  })

  it('sees method, target, headers and bytes just as they came', async () => {
    const seen: RawRequest[] = []
    const authorize: ApiOptions['authorize'] = (raw) => {
      seen.push(raw)
      return { ok: false, detail: 'the signature is missing' }
    }
    const { api } = await createApiWorld({ authorize })
    const request = new Request('http://hub/v1/tasks?b=2&a=%20', {
      method: 'POST',
      body: '{ }',
      headers: { 'X-A': '1' },
    })
    const refused = await api.fetch(request, { rawUrl: '/v1/tasks?b=2&a=%20' })
    expect(refused.status).toBe(403)
    expect(await refused.json()).toMatchObject({ code: 'forbidden', detail: 'the signature is missing' })
    expect(seen).toMatchObject([{ method: 'POST', url: '/v1/tasks?b=2&a=%20', headers: { 'x-a': '1' } }])
    expect(Buffer.from(seen[0]?.body ?? []).toString()).toBe('{ }')
  })

  it('nobody unsigned gets further than healthz, not even to learn what paths there are', async () => {
    const { call } = await createApiWorld({ authorize: () => ({ ok: false, detail: 'unsigned' }) })
    expect((await call('GET', '/healthz')).json).toEqual({ ok: true })
    for (const path of ['/v1/tasks', '/v1/nothing', '/v1/openapi.json', '/v1/workers?x=1']) {
      expect((await call('GET', path)).status).toBe(403)
    }
    expect((await call('DELETE', '/v1/tasks')).status).toBe(403)
  })

  it('a narrow key may what its allows name and is told what it may not', async () => {
    const narrow = keyWith('POST /v1/commands/order.*/tasks')
    const { call, world } = await createApiWorld(narrow)
    const refused = await call('POST', '/v1/tasks', order())
    expect(refused).toMatchObject({ status: 403, json: { code: 'forbidden' } })
    expect(refused.json.detail).toContain('narrow may not POST /v1/tasks')
    // Nobody has registered it, but the door was reached.
    expect((await call('POST', '/v1/commands/order.confirm/tasks', {})).status).toBe(422)
    expect((await call('POST', '/v1/commands/order.confirm/tasks/batch', {})).status).toBe(403)
    expect(world.logged).toEqual([])
  })

  it('who may GET may HEAD', async () => {
    const { call } = await createApiWorld(keyWith('GET /v1/workers'))
    expect((await call('HEAD', '/v1/workers')).status).toBe(200)
    expect((await call('HEAD', '/v1/tasks')).status).toBe(403)
  })

  it.each([
    ['a fragment', '/v1/tasks/01ARZ3NDEKTSV4RRFFQ69G5FAV/retry#/cancel'],
    ['a dot segment', '/v1/tasks/x/../01ARZ3NDEKTSV4RRFFQ69G5FAV/cancel'],
    ['an encoded dot segment', '/v1/tasks/%2e%2e/tasks/01ARZ3NDEKTSV4RRFFQ69G5FAV/cancel'],
    ['percent-encoding', '/v1/tasks/01ARZ3NDEKTSV4RRFFQ69G5FA%56/cancel'],
    ['a backslash', '/v1/tasks\\01ARZ3NDEKTSV4RRFFQ69G5FAV/cancel'],
    ['another host', 'http://other/v1/tasks/01ARZ3NDEKTSV4RRFFQ69G5FAV/cancel'],
  ])('no path is judged by one spelling and routed by another: %s', async (_, rawUrl) => {
    const { api } = await createApiWorld(keyWith('POST /v1/tasks/*/cancel', 'POST *cancel'))
    const request = new Request(new URL(rawUrl, 'http://hub'), { method: 'POST' })
    const refused = await api.fetch(request, { rawUrl })
    expect([400, 403]).toContain(refused.status)
  })
})

describe('what goes wrong inside', () => {
  it('is told by an id that the log has too, and by nothing else', async () => {
    const logged: unknown[] = []
    const { api, world } = await createApiWorld()
    const log = { ...world.log, error: (event: string, fields?: object) => void logged.push({ event, ...fields }) }
    Object.assign(world, { log })
    Object.assign(world.store, { list: () => Promise.reject(new Error('secret inside')) })
    const answer = await api.fetch(new Request('http://hub/v1/workers'))
    const body = (await answer.json()) as { detail: string }
    expect(answer.status).toBe(500)
    expect(body).toMatchObject({ type: 'urn:taskurai:problem:internal', code: 'internal', status: 500 })
    expect(JSON.stringify(body)).not.toContain('secret')
    const id = /under (\S+)$/.exec(body.detail)?.[1]
    expect(logged).toEqual([{ event: 'api.failed', id, error: expect.stringContaining('secret inside') }])
  })

  it.each([
    ['an error', new Error('x')],
    ['no error at all', 'x'],
    ['nothing', undefined],
  ])('never rejects, whatever is thrown: %s', async (_, thrown) => {
    const throwing = () => {
      throw thrown
    }
    const calls = { call: throwing }
    const { call, world } = await createApiWorld({ workerCalls: calls })
    const leave = { worker: 'w', instance: 'i', nonce: 'n', phase: 'gone' }
    expect((await call('POST', '/v1/worker-protocol/leave', leave)).json.code).toBe('internal')
    expect(world.logged).toEqual(['api.failed'])
    const { call: other } = await createApiWorld({ authorize: throwing })
    expect((await other('GET', '/v1/workers')).json.code).toBe('internal')
  })

  it('a body that breaks off is the caller’s fault, and not worth the log', async () => {
    const { api, world } = await createApiWorld()
    const body = new ReadableStream({ pull: (controller) => controller.error(new Error('gone')) })
    const request = new Request('http://hub/v1/tasks', { method: 'POST', body, duplex: 'half' } as RequestInit)
    const answer = await api.fetch(request)
    expect(answer.status).toBe(400)
    expect(world.logged).toEqual([])
  })
})
