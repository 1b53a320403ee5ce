import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { expect, it } from 'vitest'
import { createS3Client } from '#adapters/s3/client'
import { createS3Downloads } from '#adapters/s3/downloads'
import { createS3Uploads } from '#adapters/s3/uploads'
import { createClient } from '#client/index'
import { limits } from '#core/contract/limits'
import { createFilesWorld, type FilesWorld } from '../../functions/api/files-world.ts'
import { type BucketFault, bucketKeys, type FakeBucket, startBucket } from '../../support/fake-bucket.ts'

/** Bytes that go past the hub, from client to bucket and back, at addresses that are their own permission. */

const bytes = Buffer.from('the bytes of a file')
const sha256 = createHash('sha256').update(bytes).digest('hex')
const payload = {
  id: '01ARZ3NDEKTSV4RRFFQ69G5FAV',
  size: bytes.byteLength,
  sha256,
  contentType: 'text/plain; charset=utf-8',
}

function placeIn({ endpoint }: FakeBucket) {
  return { client: createS3Client({ endpoint, region: 'eu-central-1', credentials: bucketKeys }), bucket: 'hub-bucket' }
}

it('an address for an upload signs the length, the checksum and the type, and holds for 15 minutes', async () => {
  await using bucket = await startBucket()
  const at = Date.UTC(2026, 10, 24, 12)
  const { url, headers } = await createS3Uploads(placeIn(bucket)).ticketFor(payload, at + limits.uploadSeconds * 1_000)
  const { pathname, searchParams } = new URL(url)
  expect(pathname).toBe(`/hub-bucket/payloads/${payload.id}`)
  expect(searchParams.get('X-Amz-SignedHeaders')).toBe('content-length;content-type;host;x-amz-checksum-sha256')
  expect(searchParams.get('X-Amz-Date')).toBe('20261124T120000Z')
  expect(searchParams.get('X-Amz-Expires')).toBe('900')
  // Any other checksum would have to be sent by callers who were not told of it.
  expect([...searchParams.keys()].filter((name) => /checksum|crc/i.test(name))).toEqual([])
  const checksum = Buffer.from(sha256, 'hex').toString('base64')
  expect(headers).toEqual({ 'content-type': payload.contentType, 'x-amz-checksum-sha256': checksum })
})

it.each([
  ['as it was declared', {}, bytes, 200],
  ['of another type', { 'content-type': 'text/html' }, bytes, 403],
  ['of another length', {}, Buffer.concat([bytes, bytes]), 403],
  ['with another checksum', { 'x-amz-checksum-sha256': Buffer.alloc(32).toString('base64') }, bytes, 403],
  ['with other bytes', {}, Buffer.from('THE bytes of a file'), 400],
])('an upload %s', async (_, changed, body, status) => {
  await using bucket = await startBucket()
  const { url, headers } = await createS3Uploads(placeIn(bucket)).ticketFor(payload, Date.now() + 1_000)
  const answer = await fetch(url, { method: 'PUT', headers: { ...headers, ...changed }, body })
  expect(answer.status).toBe(status)
  expect(bucket.objects.size).toBe(status === 200 ? 1 : 0)
})

interface Home extends AsyncDisposable {
  readonly hub: FilesWorld
  readonly bucket: FakeBucket
  readonly client: ReturnType<typeof createClient>
  readonly endpoint: string
}

/** A hub that keeps its files in a bucket, on a port of its own. */
async function startHome(faultOf?: Parameters<typeof startBucket>[0]): Promise<Home> {
  const bucket = await startBucket(faultOf)
  const place = placeIn(bucket)
  const hub = await createFilesWorld({ uploads: createS3Uploads(place), downloads: createS3Downloads(place) })
  // What the bucket has is whole: S3 would not have it otherwise.
  Object.assign(hub.world.blobs, { has: async (id: string) => bucket.objects.has(`/hub-bucket/payloads/${id}`) })
  const server = createServer(async (incoming, outgoing) => {
    const { method = 'GET', url = '', headers } = incoming
    const body = method === 'GET' || method === 'HEAD' ? undefined : await buffer(incoming)
    const init = { method, headers: headers as Record<string, string>, ...(body === undefined ? {} : { body }) }
    const answer = await hub.api.fetch(new Request(`http://hub${url}`, init))
    outgoing.writeHead(answer.status, Object.fromEntries(answer.headers)).end(Buffer.from(await answer.arrayBuffer()))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const endpoint = `http://127.0.0.1:${address.port}`
  const credentials = { accessKeyId: 'TK', secretAccessKey: 'secret', sessionToken: 'session' }
  const client = createClient({ endpoint, credentials, region: 'local', pause: async () => undefined, tries: 3 })
  return {
    ...{ hub, bucket, client, endpoint },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await bucket[Symbol.asyncDispose]()
    },
  }
}

async function taskWith({ client }: Home, name = 'a ü.txt', content: Uint8Array = bytes) {
  const { id } = await client.upload(content, { contentType: 'text/plain' })
  return (await client.submit('free', undefined, { files: [{ name, payload: id }] })).id
}

it('a file goes to the bucket and comes from it, without anything of the hub’s signature', async () => {
  await using home = await startHome()
  const id = await taskWith(home)
  const { stream, ...told } = await home.client.download(id, 'a ü.txt')
  expect(told).toEqual({ size: bytes.byteLength, sha256, contentType: 'text/plain' })
  expect(await buffer(stream)).toEqual(bytes)
  expect(home.bucket.requests.map(({ method }) => method)).toEqual(['PUT', 'GET'])
  for (const { headers } of home.bucket.requests) {
    expect(headers).not.toHaveProperty('authorization')
    expect(Object.keys(headers).filter((name) => name.startsWith('x-amz-') && !/checksum/.test(name))).toEqual([])
  }
})

it('the hub answers where a file is for 5 minutes, and its head by itself', async () => {
  await using home = await startHome()
  const id = await taskWith(home)
  const path = `/v1/tasks/${id}/files/${encodeURIComponent('a ü.txt')}`
  const answer = await home.hub.raw('GET', path)
  const address = new URL(answer.headers.get('location') ?? '')
  expect([answer.status, answer.headers.get('cache-control'), answer.headers.get('etag')]).toEqual([
    303,
    'no-store',
    `"${sha256}"`,
  ])
  expect(Object.fromEntries(address.searchParams)).toMatchObject({
    'X-Amz-Expires': '300',
    'X-Amz-SignedHeaders': 'host',
    'response-content-type': 'text/plain',
    'response-content-disposition': "attachment; filename*=UTF-8''a%20%C3%BC.txt",
    'response-cache-control': 'no-store',
  })
  const head = await home.hub.raw('HEAD', path)
  expect([head.status, head.headers.get('content-length')]).toEqual([200, String(bytes.byteLength)])
  expect((await home.hub.raw('GET', `/v1/tasks/${id}/files/other`)).status).toBe(404)
  expect((await home.hub.raw('PUT', `/v1/payloads/${payload.id}/content?token=t`, { body: bytes })).status).toBe(404)
})

const large = Buffer.alloc(1_000_000, 'abcdefg')

it('a download that breaks off goes on with the next byte', async () => {
  const cuts: BucketFault[] = [
    { kind: 'cut', bytes: 300_000 },
    { kind: 'refused', status: 503, code: 'SlowDown' },
    { kind: 'cut', bytes: 1 },
  ]
  await using home = await startHome(({ method }) => (method === 'GET' ? cuts.shift() : undefined))
  const id = await taskWith(home, 'large', large)
  const { stream } = await home.client.download(id, 'large')
  expect((await buffer(stream)).equals(large)).toBe(true)
  const ranges = home.bucket.requests.filter(({ method }) => method === 'GET').map(({ headers }) => headers.range)
  expect(ranges).toEqual([undefined, 'bytes=300000-', 'bytes=300000-', 'bytes=300001-'])
})

it('a download that breaks off each time ends with the reason', async () => {
  await using home = await startHome(({ method }) => (method === 'GET' ? { kind: 'cut', bytes: 0 } : undefined))
  const id = await taskWith(home, 'large', large)
  const { stream } = await home.client.download(id, 'large')
  await expect(buffer(stream)).rejects.toThrow('aborted')
  expect(home.bucket.requests.filter(({ method }) => method === 'GET')).toHaveLength(3)
})

it('a file that is not what was stored fails at its end, and one that vanished is not found', async () => {
  await using home = await startHome()
  const id = await taskWith(home)
  const [key = ''] = home.bucket.objects.keys()
  home.bucket.objects.set(key, { bytes: Buffer.from('THE bytes of a file'), type: '' })
  const { stream } = await home.client.download(id, 'a ü.txt')
  await expect(buffer(stream)).rejects.toThrow('checksum')
  home.bucket.objects.clear()
  await expect(home.client.download(id, 'a ü.txt')).rejects.toMatchObject({
    code: 'not-found',
    detail: expect.stringContaining('the bytes are gone'),
  })
})

it('an upload is sent again where the bucket was away, and says what it refuses', async () => {
  const faults: BucketFault[] = [
    { kind: 'refused', status: 503, code: 'SlowDown' },
    { kind: 'refused', status: 400, code: 'RequestTimeout' },
  ]
  await using home = await startHome(() => faults.shift())
  expect(await home.client.upload(bytes)).toMatchObject({ sha256 })
  faults.push({ kind: 'refused', status: 400, code: 'BadDigest' })
  await expect(home.client.upload(bytes)).rejects.toMatchObject({ code: 'invalid' })
  faults.push({ kind: 'refused', status: 403, code: 'ExpiredToken' })
  await expect(home.client.upload(bytes)).rejects.toMatchObject({
    code: 'forbidden',
    detail: expect.stringContaining('ask the hub for another'),
  })
})

it('a caller with a fetch of its own sends and gets the same', async () => {
  await using home = await startHome()
  const credentials = { accessKeyId: 'TK', secretAccessKey: 'secret' }
  const client = createClient({ endpoint: home.endpoint, credentials, region: 'local', fetch: globalThis.fetch })
  const id = await taskWith({ ...home, client })
  const { stream } = await client.download(id, 'a ü.txt')
  expect(await buffer(stream)).toEqual(bytes)
})

it('a bucket that this network does not let through is named', async () => {
  await using home = await startHome()
  await home.bucket[Symbol.asyncDispose]()
  await expect(home.client.upload(bytes)).rejects.toMatchObject({
    code: 'unreachable',
    detail: expect.stringContaining('where the hub keeps its files'),
  })
})
