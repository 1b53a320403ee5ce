import { describe, expect, it } from 'vitest'
import { limits } from '#core/contract/limits'
import { createFilesWorld, sha256 } from './files-world.ts'

const bytes = Buffer.from('the bytes of a file')
const good = { size: bytes.byteLength, sha256: sha256(bytes) }

describe('declaring a payload', () => {
  it('answers the payload and where its bytes are to be sent, for a while', async () => {
    const { call, world } = await createFilesWorld()
    const { status, json } = await call('POST', '/v1/payloads', { ...good, contentType: 'text/plain' })
    expect(status).toBe(201)
    expect(json.payload).toEqual({ id: expect.any(String), ...good, contentType: 'text/plain' })
    expect(json.upload).toEqual({
      method: 'PUT',
      url: expect.stringContaining(`/v1/payloads/${json.payload.id}/content?token=`),
      headers: { 'content-type': 'text/plain' },
      expiresAt: new Date(world.clock.now() + limits.uploadSeconds * 1_000).toISOString(),
    })
  })

  it.each([
    ['more than a payload may have', { ...good, size: limits.payloadBytes + 1 }, '/size'],
    ['a size that is no count', { ...good, size: 1.5 }, '/size'],
    ['a checksum in upper case', { ...good, sha256: 'A'.repeat(64) }, '/sha256'],
    ['a content type that no header can hold', { ...good, contentType: 'text/plain; title="語"' }, '/contentType'],
    ['a header in the content type', { ...good, contentType: 'text/plain\r\nx: y' }, '/contentType'],
    ['a field nobody knows', { ...good, name: 'x' }, '/name'],
  ])('refuses %s', async (_, body, field) => {
    const { call } = await createFilesWorld()
    const refused = await call('POST', '/v1/payloads', body)
    expect(refused).toMatchObject({ status: 422, json: { code: 'invalid', issues: [{ field }] } })
  })

  it('is not there where no files are kept', async () => {
    const { call } = await createFilesWorld({ uploads: undefined })
    expect((await call('POST', '/v1/payloads', good)).status).toBe(404)
  })
})

describe('sending the bytes', () => {
  it('is done once they are all there, and may be repeated', async () => {
    const { declare, raw, world } = await createFilesWorld()
    const { id, url } = await declare(bytes)
    for (const _ of [1, 2]) {
      const sent = await raw('PUT', url, { body: bytes })
      expect([sent.status, sent.headers.get('etag')]).toEqual([204, `"${good.sha256}"`])
    }
    expect(world.blobs.ids()).toEqual([id])
  })

  it.each([
    ['other bytes of that length', Buffer.from('THE bytes of a file'), 422, 'sha256'],
    ['fewer bytes', bytes.subarray(1), 422, 'declared'],
    ['more bytes', Buffer.concat([bytes, bytes]), 413, 'declared'],
    ['no bytes', undefined, 422, 'declared'],
  ])('keeps nothing of %s', async (_, body, status, word) => {
    const { declare, raw, world } = await createFilesWorld()
    const { url } = await declare(bytes)
    const refused = await raw('PUT', url, body === undefined ? {} : { body })
    expect(refused.status).toBe(status)
    expect(((await refused.json()) as { detail: string }).detail).toContain(word)
    expect(world.blobs.ids()).toEqual([])
  })

  it('knows the length before the first byte, where the sender says it', async () => {
    const { declare, raw } = await createFilesWorld()
    const { url } = await declare(bytes)
    const refused = await raw('PUT', url, { body: bytes, headers: { 'content-length': '999999999' } })
    expect(refused.status).toBe(413)
    expect(((await refused.json()) as { detail: string }).detail).toContain('content-length is 999999999')
  })

  it('takes no address but the one that was given, and that only for a while', async () => {
    const { declare, raw, world } = await createFilesWorld()
    const mine = await declare(bytes)
    const other = await declare(bytes)
    const token = new URL(mine.url, 'http://hub').searchParams.get('token') ?? ''
    const put = async (path: string) => (await raw('PUT', path, { body: bytes })).status
    const content = (id: string) => `/v1/payloads/${id}/content`
    expect(await put(`${content(other.id)}?token=${token}`)).toBe(403)
    expect(await put(`${content(mine.id)}?token=${token.slice(0, -4)}AAAA`)).toBe(403)
    expect(await put(`${content(mine.id)}?token=z${token}`)).toBe(403)
    expect(await put(`${content(mine.id)}?token=`)).toBe(403)
    expect(await put(content(mine.id))).toBe(400)
    expect(world.blobs.ids()).toEqual([])
    await world.clock.advance(limits.uploadSeconds * 1_000)
    const over = await raw('PUT', mine.url, { body: bytes })
    expect([over.status, await over.text()]).toEqual([403, expect.stringContaining('declare it again')])
  })

  it('takes so many uploads at once and no more', async () => {
    const { declare, raw } = await createFilesWorld()
    let openGate: () => void = () => undefined
    const gate = new Promise<void>((resolve) => {
      openGate = resolve
    })
    const slow = () =>
      new ReadableStream({
        pull: async (controller) => {
          await gate
          controller.enqueue(bytes)
          controller.close()
        },
      })
    const init = () => ({ body: slow(), duplex: 'half' }) as RequestInit
    const { url } = await declare(bytes)
    const open = Array.from({ length: limits.uploadsOpen }, () => raw('PUT', url, init()))
    const refused = await raw('PUT', url, init())
    expect([refused.status, await refused.text()]).toEqual([429, expect.stringContaining('uploadsOpen')])
    openGate()
    expect((await Promise.all(open)).map(({ status }) => status)).toEqual(open.map(() => 204))
    expect((await raw('PUT', url, { body: bytes })).status).toBe(204)
  })
})
