import { describe, expect, it } from 'vitest'
import { limits } from '#core/contract/limits'
import { headKey, payloadKey, payloadUsePrefix } from '#core/keys'
import { createFilesWorld, type FilesWorld, sha256 } from './files-world.ts'

const video = Buffer.from('not really a video')

async function submit(
  { call }: FilesWorld,
  fields: Readonly<Record<string, unknown>>,
  headers?: Record<string, string>,
) {
  return call('POST', '/v1/commands/free/tasks', fields, headers)
}

async function usesOf({ world }: FilesWorld, payload: string): Promise<number> {
  return (await world.store.list({ pk: payloadKey(payload).pk, prefix: payloadUsePrefix, limit: 100 })).items.length
}

describe('a task with files', () => {
  it('shows them, and gives their bytes', async () => {
    const hub = await createFilesWorld()
    const payload = await hub.upload(video, { contentType: 'video/mp4' })
    const { status, json } = await submit(hub, { files: [{ name: 'Überblick 1.mp4', payload }] })
    expect([status, json.files]).toEqual([
      202,
      [{ name: 'Überblick 1.mp4', size: video.byteLength, sha256: sha256(video), contentType: 'video/mp4' }],
    ])
    expect((await hub.call('GET', `/v1/tasks/${json.id}`)).json.files).toEqual(json.files)
    const got = await hub.raw('GET', `/v1/tasks/${json.id}/files/${encodeURIComponent('Überblick 1.mp4')}`)
    expect(Buffer.from(await got.arrayBuffer())).toEqual(video)
    expect(Object.fromEntries(got.headers)).toMatchObject({
      'content-type': 'video/mp4',
      'content-length': String(video.byteLength),
      etag: `"${sha256(video)}"`,
      'content-disposition': "attachment; filename*=UTF-8''%C3%9Cberblick%201.mp4",
      'x-content-type-options': 'nosniff',
    })
  })

  it('gives a range of a file, and its head', async () => {
    const hub = await createFilesWorld()
    const { json } = await submit(hub, { files: [{ name: 'a.txt', payload: await hub.upload('0123456789') }] })
    const path = `/v1/tasks/${json.id}/files/a.txt`
    const ranged = async (range: string) => {
      const answer = await hub.raw('GET', path, { headers: { range } })
      return [answer.status, answer.headers.get('content-range'), await answer.text()]
    }
    expect(await ranged('bytes=2-4')).toEqual([206, 'bytes 2-4/10', '234'])
    expect(await ranged('bytes=7-')).toEqual([206, 'bytes 7-9/10', '789'])
    expect(await ranged('bytes=-3')).toEqual([206, 'bytes 7-9/10', '789'])
    expect(await ranged('bytes=8-99')).toEqual([206, 'bytes 8-9/10', '89'])
    expect(await ranged('bytes=10-')).toEqual([416, 'bytes */10', ''])
    expect(await ranged('bytes=-0')).toEqual([416, 'bytes */10', ''])
    for (const odd of ['bytes=4-2', 'bytes=0-1,3-4', 'lines=1-2', 'bytes=-']) {
      expect(await ranged(odd)).toEqual([200, null, '0123456789'])
    }
    const head = await hub.raw('HEAD', path)
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '10', ''])
  })

  it('has no file of another task, nor one of a name it was not given', async () => {
    const hub = await createFilesWorld()
    const one = await submit(hub, { files: [{ name: 'one.txt', payload: await hub.upload('one') }] })
    const two = await submit(hub, { files: [{ name: 'two.txt', payload: await hub.upload('two') }] })
    for (const name of ['two.txt', 'one', '.arguments', '..%2Fone.txt', '%2Fetc%2Fpasswd', 'one.txt%00']) {
      const none = await hub.raw('GET', `/v1/tasks/${one.json.id}/files/${name}`)
      expect([name, none.status]).toEqual([name, 404])
    }
    expect((await hub.raw('GET', `/v1/tasks/${two.json.id}/files/two.txt`)).status).toBe(200)
    expect((await hub.raw('GET', `/v1/tasks/${'0'.repeat(26)}/files/two.txt`)).status).toBe(404)
  })

  it.each([
    ['../evil', 'no / and no'],
    ['a/b', 'no / and no'],
    ['a\\b', 'no / and no'],
    ['what?.txt', 'no ?'],
    ['..', 'dot'],
    ['.hidden', 'dot'],
    ['.arguments', 'dot'],
    ['nul\0', 'invisible'],
    ['line\nbreak', 'invisible'],
    ['gpj.\u202eexe', 'invisible'],
    ['half \ud800', 'invisible'],
    [' space', 'space'],
    ['dot.', 'dot'],
    ['', '>=1'],
    ['x'.repeat(129), '<=128'],
    ['語'.repeat(100), 'bytes'],
  ])('is refused the name %j', async (name, word) => {
    const hub = await createFilesWorld()
    const payload = await hub.upload(video)
    const refused = await submit(hub, { files: [{ name, payload }] })
    expect([refused.status, refused.json.issues[0].field]).toEqual([422, '/files/0/name'])
    expect(refused.json.detail).toContain(word)
  })

  it('is refused two files of one name, and too many', async () => {
    const hub = await createFilesWorld()
    const payload = await hub.upload(video)
    const twice = await submit(hub, { files: [1, 2].map(() => ({ name: 'a', payload })) })
    expect(twice).toMatchObject({ status: 422, json: { issues: [{ message: 'two files have the same name' }] } })
    const names = Array.from({ length: limits.files + 1 }, (_, index) => ({ name: `f${index}`, payload }))
    expect((await submit(hub, { files: names })).status).toBe(422)
    expect((await submit(hub, { files: names.slice(1) })).status).toBe(202)
  })

  it('is refused a payload that is not there, not whole, too old, or another key’s', async () => {
    const hub = await createFilesWorld()
    const why = async (payload: string) => {
      const { status, json } = await submit(hub, { files: [{ name: 'a', payload }] })
      expect([status, json.code, json.issues[0].field]).toEqual([422, 'invalid', '/files/0/payload'])
      return json.detail
    }
    expect(await why('0'.repeat(26))).toContain('there is no payload')
    expect(await why((await hub.declare(video)).id)).toContain('not uploaded')
    const old = await hub.upload(video)
    hub.callAs('somebody-else')
    expect(await why(old)).toContain('another key')
    hub.callAs('tester')
    await hub.world.clock.advance(limits.payloadSeconds * 1_000 + 1)
    expect(await why(old)).toContain('kept for 7 days')
    expect(await usesOf(hub, old)).toBe(0)
  })

  it('shares a payload with the others of its batch', async () => {
    const hub = await createFilesWorld()
    const payload = await hub.upload(video)
    const task = { command: 'free', files: [{ name: 'v.mp4', payload }] }
    const { status, json } = await hub.call('POST', '/v1/tasks/batch', { tasks: [task, task, { command: 'free' }] })
    expect(status).toBe(202)
    expect(json.tasks.map(({ files }: { files?: unknown[] }) => files?.length)).toEqual([1, 1, undefined])
    expect(await usesOf(hub, payload)).toBe(2)
  })
})

describe('the same call again', () => {
  const key = { 'idempotency-key': 'k-1' }

  it('finds its task, also when its bytes were uploaded anew', async () => {
    const hub = await createFilesWorld()
    const first = await hub.upload(video)
    const made = await submit(hub, { files: [{ name: 'v', payload: first }] }, key)
    const again = await submit(hub, { files: [{ name: 'v', payload: first }] }, key)
    const anew = await hub.upload(video)
    const third = await submit(hub, { files: [{ name: 'v', payload: anew }] }, key)
    expect([again.json.id, third.json.id]).toEqual([made.json.id, made.json.id])
    expect([await usesOf(hub, first), await usesOf(hub, anew)]).toEqual([1, 0])
  })

  it('finds it also when its payload may not be named any more', async () => {
    const hub = await createFilesWorld()
    const payload = await hub.upload(video)
    const made = await submit(hub, { files: [{ name: 'v', payload }] }, key)
    await hub.world.clock.advance(limits.payloadSeconds * 1_000 + 1)
    const again = await submit(hub, { files: [{ name: 'v', payload }] }, key)
    expect(again.json).toMatchObject({ id: made.json.id })
  })

  it('with other bytes or another name is another request', async () => {
    const hub = await createFilesWorld()
    await submit(hub, { files: [{ name: 'v', payload: await hub.upload(video) }] }, key)
    const other = await submit(hub, { files: [{ name: 'v', payload: await hub.upload('other') }] }, key)
    const renamed = await submit(hub, { files: [{ name: 'w', payload: await hub.upload(video) }] }, key)
    expect([other, renamed]).toMatchObject([{ status: 409 }, { status: 409 }])
  })
})

describe('arguments that lie apart', () => {
  const large = { orderId: 'o-1', note: 'x'.repeat(limits.argumentsBytes) }
  const order = (fields: object) => ({ command: 'order.confirm', ...fields })

  it('are held to the schema and kept where they are', async () => {
    const hub = await createFilesWorld()
    await hub.putWorker('notes', [{ name: 'note', input: { type: 'object', required: ['orderId'] } }])
    const argumentsPayload = await hub.upload(JSON.stringify(large))
    const { status, json } = await hub.call('POST', '/v1/tasks', { command: 'note', argumentsPayload })
    expect([status, json.argumentsApart, json.arguments, json.files]).toEqual([202, true, undefined, undefined])
    const got = await hub.raw('GET', `/v1/tasks/${json.id}/files/.arguments`)
    expect(await got.json()).toEqual(large)
    const stored = await hub.world.store.get(headKey(json.id))
    expect(JSON.stringify(stored).length).toBeLessThan(2_000)
  })

  it('are refused with the place at fault', async () => {
    const hub = await createFilesWorld()
    const refused = async (text: string, fields = {}) => {
      const argumentsPayload = await hub.upload(text)
      const { status, json } = await hub.call('POST', '/v1/tasks', order({ argumentsPayload, ...fields }))
      return { status, code: json.code, field: json.issues[0].field }
    }
    const field = '/argumentsPayload'
    expect(await refused('{"orderId":7}')).toEqual({
      status: 422,
      code: 'invalid-arguments',
      field: `${field}/orderId`,
    })
    expect(await refused('{"orderId":')).toEqual({ status: 400, code: 'bad-json', field })
    expect(await refused('\xff\xfe')).toMatchObject({ code: 'bad-json' })
    expect(await refused('['.repeat(100_000))).toMatchObject({ field })
    expect(await refused('{"orderId":"o"}', { arguments: {} })).toEqual({ status: 422, code: 'invalid', field })
    const most = await refused(JSON.stringify('x'.repeat(limits.apartBytes)))
    expect(most).toEqual({ status: 413, code: 'too-large', field })
  })
})
