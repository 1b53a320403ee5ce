import { createHash, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openS3Blobs } from '#adapters/s3/blobs'
import { createS3Client } from '#adapters/s3/client'
import type { Blobs } from '#core/blobs'
import { anId } from '../../conformance/world.ts'
import { awayFaults, type FaultOf, refused, spoil, type Try } from '../../support/aws-faults.ts'
import { type S3Engine, startS3 } from '../../support/engines/fauxqs-s3.ts'
import { until } from '../../support/until.ts'

/** What becomes of bytes when S3 fails: all of them, or nothing, or `unavailable` with what to do. */

const sample = randomBytes(100_000)

function specOf(bytes: Uint8Array) {
  return { size: bytes.byteLength, sha256: createHash('sha256').update(bytes).digest('hex') }
}

async function* chunksOf(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.byteLength; at += 16_384) yield bytes.subarray(at, at + 16_384)
}

async function read(blobs: Blobs, id: string): Promise<Buffer | undefined> {
  const bytes = await blobs.get(id)
  return bytes === undefined ? undefined : Buffer.concat(await Readable.from(bytes).toArray())
}

describe('a bucket when AWS fails', () => {
  let engine: S3Engine
  let bucket: string
  let stored: string
  beforeAll(async () => {
    engine = await startS3()
    bucket = await engine.makeBucket()
    stored = anId()
    await openS3Blobs({ client: engine.client, bucket }).put(stored, specOf(sample), chunksOf(sample))
  })
  afterAll(() => engine.stop())

  function spoiled(
    faultOf: FaultOf,
    options: { readonly heldBytes?: number; readonly bucket?: string } = {},
  ): { readonly blobs: Blobs; readonly tries: readonly Try[] } {
    const client = createS3Client(engine.settings)
    const tries = spoil(client, faultOf)
    return { blobs: openS3Blobs({ client, bucket, ...options }), tries }
  }

  const calls: Readonly<Record<string, (blobs: Blobs) => Promise<unknown>>> = {
    put: (blobs) => blobs.put(anId(), specOf(sample), chunksOf(sample)),
    has: (blobs) => blobs.has(stored),
    get: async (blobs) => (await read(blobs, stored))?.equals(sample),
    remove: (blobs) => blobs.remove(anId()),
  }

  describe.each(Object.entries(calls))('%s', (_name, call) => {
    it.each([
      ...Object.entries(awayFaults),
      ['its answer lost', { kind: 'lost-answer' }] as const,
      ['asked to slow down', refused('SlowDown', 503)] as const,
    ])('%s once: tried again, and right', async (_fault, fault) => {
      const fine = await call(spoiled(() => undefined).blobs)
      const { blobs, tries } = spoiled((_command, count) => (count === 0 ? fault : undefined))
      expect(await call(blobs)).toEqual(fine)
      expect(tries.length).toBeGreaterThan(1)
    })

    it('away for ever: unavailable after a few tries, with the cause for the log', async () => {
      const { blobs, tries } = spoiled(() => awayFaults['not available'])
      const away = { code: 'unavailable', cause: { name: 'ServiceUnavailable' } }
      await expect(call(blobs)).rejects.toMatchObject(away)
      expect(tries).toHaveLength(4)
    })

    it('no such bucket: unavailable, and says which variable names it', async () => {
      const { blobs } = spoiled(() => undefined, { bucket: 'of-nobody' })
      const answer = await (call === calls.has ? blobs.has(anId()) : call(blobs)).catch((error: unknown) => error)
      expect(answer).toMatchObject({ code: 'unavailable', message: expect.stringContaining('TASKURAI_BUCKET') })
      expect(answer).toMatchObject({ message: expect.stringContaining('there is no bucket of-nobody') })
    })

    it.each([
      ['not allowed', refused('AccessDenied', 403), 's3:ListBucket'],
      ['in another Region', refused('PermanentRedirect', 301), 'AWS_REGION'],
    ])('%s: unavailable, and says what to look at', async (_what, fault, word) => {
      const { blobs } = spoiled(() => fault)
      const told = { code: 'unavailable', message: expect.stringContaining(word) }
      await expect(call(blobs)).rejects.toMatchObject(told)
    })
  })

  it('bytes that passed through cannot be sent again: one try, unavailable, and their sender is given back', async () => {
    const { blobs, tries } = spoiled(() => awayFaults['not available'], { heldBytes: 0 })
    await expect(blobs.put(anId(), specOf(sample), chunksOf(sample))).rejects.toMatchObject({ code: 'unavailable' })
    expect(tries).toHaveLength(1)
  })

  it('an object that vanished is not there, to be read or to be named', async () => {
    const { blobs } = spoiled(() => undefined)
    const id = anId()
    await blobs.put(id, specOf(sample), chunksOf(sample))
    await blobs.remove(id)
    expect([await blobs.has(id), await blobs.get(id)]).toEqual([false, undefined])
  })

  it('an id that would lead elsewhere is no id', async () => {
    const { blobs } = spoiled(() => undefined)
    await expect(blobs.has('../other')).rejects.toThrow('not an id')
  })
})

type Answer = (incoming: IncomingMessage, outgoing: ServerResponse) => void

/** A server that is no bucket, for what only a server can do wrong. */
async function startServer(answer: Answer) {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b' }
  const client = createS3Client({ endpoint: `http://127.0.0.1:${address.port}`, region: 'us-east-1', credentials })
  return {
    blobs: openS3Blobs({ client, bucket: 'b' }),
    [Symbol.asyncDispose]: async () => {
      client.destroy()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

describe('bytes on their way', () => {
  it('are taken no faster than the bucket takes them', async () => {
    const mebibyte = Buffer.alloc(1_048_576)
    let made = 0
    async function* endless() {
      for (; made < 512; made++) yield mebibyte
    }
    let begun = false
    await using server = await startServer((incoming) => {
      begun = true
      incoming.pause()
    })
    const put = server.blobs.put(anId(), { size: 512 * mebibyte.byteLength, sha256: '0'.repeat(64) }, endless())
    const outcome = put.catch((error: unknown) => error)
    await until('the upload begins', async () => begun)
    // What fits into the buffers of both sockets has gone by the time nothing more is asked for.
    let seen = -1
    let looksAlike = 0
    await until('it stands still', () => {
      looksAlike = seen === made ? looksAlike + 1 : 0
      seen = made
      return looksAlike > 10
    })
    expect(made).toBeLessThan(64)
    await server[Symbol.asyncDispose]()
    expect(await outcome).toMatchObject({ code: 'unavailable' })
  })

  it('come with their length and checksum, in one request', async () => {
    const seen: IncomingMessage['headers'][] = []
    await using server = await startServer((incoming, outgoing) => {
      seen.push(incoming.headers)
      incoming.resume().on('end', () => outgoing.end())
    })
    const large = randomBytes(3_000_000)
    expect(await server.blobs.put(anId(), specOf(large), chunksOf(large))).toEqual({ kind: 'stored' })
    expect(seen).toMatchObject([
      {
        'content-length': '3000000',
        'x-amz-checksum-sha256': createHash('sha256').update(large).digest('base64'),
      },
    ])
    expect(seen[0]).not.toHaveProperty('transfer-encoding')
  })

  it('that are refused before all were sent leave their sender alone', async () => {
    let isGivenBack = false
    async function* source() {
      try {
        for (let sent = 0; sent < 64; sent++) yield Buffer.alloc(1_048_576)
      } finally {
        isGivenBack = true
      }
    }
    await using server = await startServer((incoming, outgoing) => {
      const text = '<?xml version="1.0"?><Error><Code>NoSuchBucket</Code><Message>no</Message></Error>'
      outgoing.writeHead(404, { 'content-type': 'application/xml', connection: 'close' }).end(text)
      incoming.resume()
    })
    const put = server.blobs.put(anId(), { size: 64 * 1_048_576, sha256: '0'.repeat(64) }, source())
    await expect(put).rejects.toMatchObject({ code: 'unavailable' })
    await until('it is given back', async () => isGivenBack)
  })

  it('that break off while they are read are unavailable, not an end', async () => {
    await using server = await startServer((_incoming, outgoing) => {
      outgoing.writeHead(200, { 'content-length': '100000' })
      outgoing.write(sample.subarray(0, 50_000), () => outgoing.socket?.destroySoon())
    })
    await expect(read(server.blobs, anId())).rejects.toMatchObject({ code: 'unavailable' })
  })

  it('that nobody begins to read are given back', async () => {
    let isClosed = false
    await using server = await startServer((incoming, outgoing) => {
      incoming.socket.once('close', () => {
        isClosed = true
      })
      outgoing.writeHead(200, { 'content-length': '100000' }).write(sample.subarray(0, 1_000))
    })
    const bytes = await server.blobs.get(anId())
    await bytes?.[Symbol.asyncIterator]().return?.()
    await until('the connection is closed', async () => isClosed)
  })
})
