import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { buffer, text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { type Client, createClient } from '#client/index'

/** The client's side of files, against servers that do what the hub never should. */

interface Server extends AsyncDisposable {
  readonly client: Client
  readonly seen: readonly { readonly line: string; readonly isSigned: boolean; readonly body: string }[]
}

type Answer = (
  request: { readonly path: string; readonly count: number; readonly body: string },
  out: ServerResponse,
) => void

async function startServer(answer: Answer): Promise<Server> {
  const seen: { line: string; isSigned: boolean; body: string }[] = []
  const server = createServer(async (incoming: IncomingMessage, outgoing) => {
    const body = await text(incoming)
    const { method, url: path = '', headers } = incoming
    seen.push({ line: `${method} ${path}`, isSigned: headers.authorization !== undefined, body })
    answer({ path, count: seen.length, body }, outgoing)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server has no port.')
  const credentials = { accessKeyId: 'TK', secretAccessKey: 'secret' }
  const pause = async () => undefined
  return {
    client: createClient({
      endpoint: `http://127.0.0.1:${address.port}`,
      credentials,
      region: 'local',
      pause,
      tries: 3,
    }),
    seen,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const taskId = '01ARZ3NDEKTSV4RRFFQ69G5FAV'
const bytes = Buffer.from('the bytes')
const sha256 = createHash('sha256').update(bytes).digest('hex')
const payload = { id: taskId, size: bytes.byteLength, sha256, contentType: 'text/plain' }
const ticket = { method: 'PUT', url: '/put?token=t', headers: { 'content-type': 'text/plain' }, expiresAt: 'later' }
const declared = JSON.stringify({ payload, upload: ticket })
const head = { 'content-length': String(bytes.byteLength), etag: `"${sha256}"`, 'content-type': 'text/plain' }

describe('an upload', () => {
  it('is declared with its checksum, signed, and sent unsigned', async () => {
    await using server = await startServer(({ path }, out) =>
      path === '/v1/payloads' ? out.writeHead(201).end(declared) : out.writeHead(204).end(),
    )
    expect(await server.client.upload(bytes, { contentType: 'text/plain' })).toEqual(payload)
    expect(server.seen.map(({ line, isSigned }) => [line, isSigned])).toEqual([
      ['POST /v1/payloads', true],
      ['PUT /put?token=t', false],
    ])
    expect(JSON.parse(server.seen[0]?.body ?? '')).toEqual({ size: 9, sha256, contentType: 'text/plain' })
    expect(server.seen[1]?.body).toBe('the bytes')
  })

  it('is sent again where the connection broke, and given up with the reason', async () => {
    await using server = await startServer(({ path, count }, out) => {
      if (path === '/v1/payloads') out.writeHead(201).end(declared)
      else if (count < 4) out.destroy()
      else out.writeHead(204).end()
    })
    expect(await server.client.upload(bytes)).toEqual(payload)
    expect(server.seen.at(-1)?.body).toBe('the bytes')
    await using full = await startServer(({ path }, out) =>
      path === '/v1/payloads'
        ? out.writeHead(201).end(declared)
        : out.writeHead(507).end(JSON.stringify({ code: 'no-room', detail: 'the disk is full' })),
    )
    await expect(full.client.upload(bytes)).rejects.toMatchObject({ code: 'no-room', detail: 'the disk is full' })
    expect(full.seen).toHaveLength(2)
  })
})

describe('a download', () => {
  it('follows to where the bytes are, without its signature', async () => {
    await using server = await startServer(({ path }, out) =>
      path.startsWith('/v1/tasks')
        ? out.writeHead(302, { location: '/bucket/key?X-Amz-Signature=1', etag: `"${sha256}"` }).end()
        : out.writeHead(200, { ...head, etag: '"something of its own"' }).end(bytes),
    )
    const got = await server.client.download(taskId, 'a b.txt')
    expect(got).toMatchObject({ size: 9, sha256, contentType: 'text/plain' })
    expect(await buffer(got.stream)).toEqual(bytes)
    expect(server.seen.map(({ line, isSigned }) => [line, isSigned])).toEqual([
      [`GET /v1/tasks/${taskId}/files/a%20b.txt`, true],
      ['GET /bucket/key?X-Amz-Signature=1', false],
    ])
  })

  it('does not follow for ever', async () => {
    await using server = await startServer((_, out) => out.writeHead(302, { location: '/again' }).end())
    await expect(server.client.download(taskId, 'a')).rejects.toThrow('redirected more than 3 times')
  })

  it.each([
    ['other bytes', Buffer.from('THE bytes'), 'checksum'],
    ['a part of the bytes', bytes.subarray(1), 'aborted'],
  ])('of %s fails at its end', async (_, sent, why) => {
    await using server = await startServer((_request, out) => {
      out.writeHead(200, head)
      out.write(sent, () => out.socket?.destroySoon())
    })
    const got = await server.client.download(taskId, 'a')
    await expect(buffer(got.stream)).rejects.toThrow(why)
  })

  it('is begun again where the hub was away, and says what was refused', async () => {
    await using server = await startServer(({ count }, out) =>
      count < 3 ? out.destroy() : out.writeHead(404).end(JSON.stringify({ code: 'not-found', detail: 'no such file' })),
    )
    await expect(server.client.download(taskId, 'a')).rejects.toMatchObject({
      code: 'not-found',
      detail: 'no such file',
    })
    expect(server.seen).toHaveLength(3)
  })
})
