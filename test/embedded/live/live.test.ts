import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { signRequest } from '#client/sign'
import { limits } from '#core/contract/limits'
import { watchersPk } from '#core/keys'
import { scopeKey } from '#core/live/scope'
import { cancelTask, patchTask } from '#core/tasks/change'
import { revokeToken } from '#functions/live/revoke'
import { createFakeSockets } from '../../support/fake-sockets.ts'
import { keysOf } from '../../support/hub-process.ts'
import { openLiveHub, watchUrl } from '../../support/live-hub.ts'
import { taskScope } from '../../support/live-world.ts'
import { until } from '../../support/until.ts'

let live: Awaited<ReturnType<typeof openLiveHub>>
beforeAll(async () => {
  live = await openLiveHub()
})
afterAll(() => live?.[Symbol.asyncDispose]())

const patch = (taskId: string, subject: string) => patchTask(live.world, { taskId, by: 'ann', fields: { subject } })

async function signed(method: string, path: string, body?: string) {
  const url = new URL(path, live.hub.endpoint)
  const headers: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' }
  const asked = { method, url, headers, ...(body === undefined ? {} : { body }) }
  const options = { credentials: keysOf(live.dataFolder), region: 'local', now: Date.now() }
  const init = { method, headers: await signRequest(asked, options), ...(body === undefined ? {} : { body }) }
  return fetch(url, init)
}

describe('a watcher of the embedded hub', () => {
  it('opens the address that a signed caller got, sees each change within a second, and the end', async () => {
    const head = await live.task()
    const made = await signed('POST', `/v1/tasks/${head.id}/watch-token`, '{}')
    const { url } = (await made.json()) as { readonly url: string }
    expect([made.status, url]).toEqual([201, expect.stringMatching(/^ws:\/\/127\.0\.0\.1:\d+\/v1\/live\?token=tw_/)])
    const watcher = watchUrl(url)
    await until('the first state', () => watcher.said.length === 1)
    const writtenMs = performance.now()
    await patch(head.id, 'moved')
    await until('the change', () => watcher.said.length === 2, 5_000)
    expect(performance.now() - writtenMs).toBeLessThan(1_000)
    await cancelTask(live.world, { taskId: head.id, by: 'ann' })
    expect(await watcher.over).toEqual({ code: 1000, reason: 'ended' })
    expect(watcher.statuses()).toEqual(['queued', 'queued', 'canceled', 'end'])
    expect(live.failures).toEqual([])
  })

  it('sees what is born under the user that it watches', async () => {
    const { url } = await live.urlFor({ kind: 'user', value: 'Zoë' })
    const watcher = watchUrl(url)
    await until('an open connection', () => watcher.socket.readyState === watcher.socket.OPEN)
    const head = await live.task({ userId: 'Zoë' })
    await until('the birth', () => watcher.said.length > 0)
    await patch(head.id, 'moved')
    await until('the change', () => watcher.said.at(-1)?.task.subject === 'moved')
    expect(new Set(watcher.said.map(({ task }) => task.id))).toEqual(new Set([head.id]))
    watcher.socket.terminate()
  })

  it('that drops and comes back sees the last state', async () => {
    const head = await live.task()
    const { url } = await live.urlFor(taskScope(head))
    const first = watchUrl(url)
    await until('the first state', () => first.said.length === 1)
    first.socket.terminate()
    await patch(head.id, 'while away')
    const second = watchUrl(url)
    await until('the state anew', () => second.said.some(({ task }) => task.subject === 'while away'))
    second.socket.terminate()
  })

  it('is answered a ping, and closed when it says too much or too long', async () => {
    const { url } = await live.urlFor(taskScope(await live.task()))
    const [noisy, long] = [watchUrl(url), watchUrl(url)]
    await until('both', () => noisy.said.length === 1 && long.said.length === 1)
    for (let count = 0; count < 20; count++) noisy.socket.send('{"type":"ping"}')
    expect(await noisy.over).toEqual({ code: 4429, reason: 'noisy' })
    expect(noisy.statuses()).toEqual(['queued', ...Array(limits.watchFramesPerSecond).fill('pong'), 'refused'])
    long.socket.send('x'.repeat(limits.watchFrameBytes + 1))
    expect(await long.over).toMatchObject({ code: 1009 })
  })

  it('is closed when its token is revoked, which it is told', async () => {
    const { url, id } = await live.urlFor(taskScope(await live.task()))
    const watcher = watchUrl(url)
    await until('the first state', () => watcher.said.length === 1)
    expect((await signed('DELETE', `/v1/watch-tokens/${id}`)).status).toBe(204)
    expect(await watcher.over).toEqual({ code: 4403, reason: 'token-revoked' })
    expect(watcher.said.at(-1)).toMatchObject({ type: 'refused', code: 'token-revoked' })
    expect(await watchUrl(url).over).toEqual({ status: 403 })
  })

  it('is closed when its token expires, without any change', async () => {
    const { url } = await live.urlFor(taskScope(await live.task()), 1)
    const watcher = watchUrl(url)
    expect(await watcher.over).toEqual({ code: 4403, reason: 'token-expired' })
    expect(watcher.statuses()).toEqual(['queued', 'refused'])
    expect(await watchUrl(url).over).toEqual({ status: 403 })
  })

  it('beyond the most of its token is told so, and the others stay', async () => {
    const { url } = await live.urlFor(taskScope(await live.task()))
    const all = Array.from({ length: limits.watchersOfToken }, () => watchUrl(url))
    await until('all of them', () => all.every(({ said }) => said.length === 1))
    const more = watchUrl(url)
    expect(await more.over).toEqual({ code: 4429, reason: 'too-many' })
    expect(more.said).toMatchObject([{ type: 'refused', code: 'too-many' }])
    expect(all.every(({ socket }) => socket.readyState === socket.OPEN)).toBe(true)
    for (const { socket } of all) socket.terminate()
  })

  it.each<[string, string, number]>([
    ['a forged token', '/v1/live?token=tw_x', 403],
    ['no token', '/v1/live', 403],
    ['another path', '/v1/lives?token=x', 404],
  ])('is not let in with %s', async (_, path, status) => {
    expect(await watchUrl(`${live.hub.endpoint.replace('http', 'ws')}${path}`).over).toEqual({ status })
  })

  it('that goes before it is let in leaves nothing', async () => {
    const scope = taskScope(await live.task())
    const { url } = await live.urlFor(scope)
    const { port, pathname, search } = new URL(url)
    const head = `GET ${pathname}${search} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n`
    const rest = 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'
    for (let count = 0; count < 20; count++) {
      const socket = connect(Number(port), '127.0.0.1')
      socket.on('error', () => undefined)
      socket.write(head + rest, () => socket.destroy())
    }
    const after = watchUrl(url)
    await until('one that stays', () => after.said.length === 1)
    const pk = watchersPk(scopeKey(live.world.ids, scope))
    const left = async () => (await live.world.store.list({ pk, limit: 100 })).items.length
    await until('none of the others', async () => (await left()) === 1)
    after.socket.terminate()
    await until('nothing', async () => (await left()) === 0)
  })
})

it('only pages of the named origins are let in, where origins are named', async () => {
  await using hub = await openLiveHub({ liveOrigins: ['https://shop.example'] })
  const { url } = await hub.urlFor(taskScope(await hub.task()))
  expect(await watchUrl(url, { headers: { origin: 'https://evil.example' } }).over).toEqual({ status: 403 })
  for (const headers of [{ origin: 'https://shop.example' }, {}]) {
    const watcher = watchUrl(url, { headers })
    await until('the first state', () => watcher.said.length === 1)
  }
})

it('a hub that stops says so, and the next one lets everybody back in', async () => {
  await using first = await openLiveHub()
  const head = await first.task()
  const { url, id } = await first.urlFor(taskScope(head))
  const watcher = watchUrl(url)
  await until('the first state', () => watcher.said.length === 1)
  await first.close()
  expect(await watcher.over).toEqual({ code: 1001, reason: 'hub-stopping' })
  await using second = await openLiveHub({ dataFolder: first.dataFolder })
  const again = watchUrl(url.replace(/:\d+\//, `:${new URL(second.hub.endpoint).port}/`))
  await until('the state anew', () => again.said.length === 1)
  await patchTask(second.world, { taskId: head.id, by: 'ann', fields: { subject: 'moved' } })
  await until('the change', () => again.said.at(-1)?.task.subject === 'moved')
  const { world } = second
  expect(await revokeToken({ world, sockets: createFakeSockets() }, id)).toBe(true)
})
