import { createHash, randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { BlobSpec, Blobs, ByteRange } from '#core/blobs'
import { anId } from './world.ts'

export interface BlobsWorld {
  readonly blobs: Blobs
  /** How many files, or entries, lie there beside those that are stored: none at rest. */
  readonly leftovers: () => Promise<number>
  readonly close: () => Promise<void>
}

/** The same behaviour of every place for bytes: all that was declared, or nothing. */
export function blobsSuite(name: string, makeWorld: () => Promise<BlobsWorld>): void {
  describe(`blobs: ${name}`, () => {
    let world: BlobsWorld
    beforeEach(async () => {
      world = await makeWorld()
    })
    afterEach(() => world.close())
    const test: BlobsTest = (title, run) => it(title, () => run(world))
    keepingCases(test)
    refusingCases(test)
    readingCases(test)
  })
}

type BlobsTest = (title: string, run: (world: BlobsWorld) => Promise<void>) => void

const sample = randomBytes(700_000)

function specOf(bytes: Uint8Array): BlobSpec {
  return { size: bytes.byteLength, sha256: createHash('sha256').update(bytes).digest('hex') }
}

/** The bytes in chunks of a size that divides nothing evenly. */
async function* chunked(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.byteLength; at += 60_001) yield bytes.subarray(at, at + 60_001)
}

async function* cutOff(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes
  throw new Error('the sender is gone')
}

async function read(blobs: Blobs, id: string, range?: ByteRange): Promise<Buffer | undefined> {
  const source = await blobs.get(id, range)
  if (source === undefined) return undefined
  const chunks: Uint8Array[] = []
  for await (const chunk of source) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** Comparing so many bytes one by one is nothing for `toEqual`. */
function isSample(bytes: Buffer | undefined): boolean {
  return bytes !== undefined && sample.equals(bytes)
}

function keepingCases(test: BlobsTest): void {
  test('keeps what was declared, and nothing else beside it', async ({ blobs, leftovers }) => {
    const id = anId()
    expect(await blobs.has(id)).toBe(false)
    expect(await blobs.put(id, specOf(sample), chunked(sample))).toEqual({ kind: 'stored' })
    expect(await blobs.has(id)).toBe(true)
    expect(isSample(await read(blobs, id))).toBe(true)
    expect(await leftovers()).toBe(0)
  })

  test('keeps no bytes at all where none were declared', async ({ blobs }) => {
    const id = anId()
    const nothing = Buffer.alloc(0)
    expect(await blobs.put(id, specOf(nothing), chunked(nothing))).toEqual({ kind: 'stored' })
    expect(await blobs.has(id)).toBe(true)
    expect(await read(blobs, id)).toEqual(nothing)
  })

  test('takes the same bytes again', async ({ blobs, leftovers }) => {
    const id = anId()
    await blobs.put(id, specOf(sample), chunked(sample))
    expect(await blobs.put(id, specOf(sample), chunked(sample))).toEqual({ kind: 'stored' })
    expect(isSample(await read(blobs, id))).toBe(true)
    expect(await leftovers()).toBe(0)
  })

  test('takes the same bytes from two senders at once', async ({ blobs, leftovers }) => {
    const id = anId()
    const both = [1, 2].map(() => blobs.put(id, specOf(sample), chunked(sample)))
    expect(await Promise.all(both)).toEqual([{ kind: 'stored' }, { kind: 'stored' }])
    expect(isSample(await read(blobs, id))).toBe(true)
    expect(await leftovers()).toBe(0)
  })

  test('removes, also what is not there', async ({ blobs }) => {
    const id = anId()
    await blobs.put(id, specOf(sample), chunked(sample))
    await blobs.remove(id)
    await blobs.remove(id)
    expect(await blobs.has(id)).toBe(false)
    expect(await blobs.get(id)).toBeUndefined()
  })
}

function refusingCases(test: BlobsTest): void {
  const cases = [
    ['an upload that is cut off', specOf(sample), () => cutOff(sample.subarray(0, 1_000)), 'cut-off'],
    ['less than was declared', specOf(sample), () => chunked(sample.subarray(1)), 'too-short'],
    ['more than was declared', { ...specOf(sample), size: 1_000 }, () => chunked(sample), 'too-long'],
    ['other bytes', specOf(sample), () => chunked(Buffer.alloc(sample.byteLength)), 'other-sha256'],
  ] as const
  for (const [what, spec, bytes, reason] of cases) {
    test(`keeps nothing of ${what}`, async ({ blobs, leftovers }) => {
      const id = anId()
      expect(await blobs.put(id, spec, bytes())).toMatchObject({ kind: 'refused', reason })
      expect(await blobs.has(id)).toBe(false)
      expect(await leftovers()).toBe(0)
      expect(await blobs.put(id, specOf(sample), chunked(sample))).toEqual({ kind: 'stored' })
    })
  }

  test('leaves what is stored alone when a later sender is cut off', async ({ blobs }) => {
    const id = anId()
    await blobs.put(id, specOf(sample), chunked(sample))
    await blobs.put(id, specOf(sample), cutOff(sample.subarray(0, 9)))
    expect(isSample(await read(blobs, id))).toBe(true)
  })

  test('stops reading a sender that has said too much', async ({ blobs }) => {
    let sent = 0
    async function* endless() {
      for (;;) {
        sent += 1_000
        yield Buffer.alloc(1_000)
      }
    }
    const spec = { size: 5_000, sha256: '0'.repeat(64) }
    expect(await blobs.put(anId(), spec, endless())).toMatchObject({ reason: 'too-long' })
    expect(sent).toBeLessThan(50_000)
  })
}

function readingCases(test: BlobsTest): void {
  test('answers a range of the bytes', async ({ blobs }) => {
    const id = anId()
    await blobs.put(id, specOf(sample), chunked(sample))
    expect(await read(blobs, id, { from: 300_000, to: 300_009 })).toEqual(sample.subarray(300_000, 300_010))
    expect(await read(blobs, id, { from: 699_999, to: 699_999 })).toEqual(sample.subarray(699_999))
  })

  test('answers a range up to the end, and nothing of one that lies beyond it', async ({ blobs }) => {
    const id = anId()
    await blobs.put(id, specOf(sample), chunked(sample))
    expect(await read(blobs, id, { from: 699_990, to: 900_000 })).toEqual(sample.subarray(699_990))
    expect(await read(blobs, id, { from: 700_000, to: 700_009 })).toEqual(Buffer.alloc(0))
  })

  test('can be read by many at once, and left in the middle', async ({ blobs }) => {
    const id = anId()
    await blobs.put(id, specOf(sample), chunked(sample))
    for await (const _ of (await blobs.get(id)) ?? []) break
    const all = await Promise.all([1, 2, 3].map(() => read(blobs, id)))
    for (const bytes of all) expect(isSample(bytes)).toBe(true)
  })
}
