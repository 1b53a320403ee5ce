import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { checkedBytes } from '#adapters/s3/checked-bytes'

const large = Buffer.alloc(3_500_000, 'abc')
const sha256 = createHash('sha256').update(large).digest('hex')

async function piecesOf(spec: Parameters<typeof checkedBytes>[0], bytes: readonly Uint8Array[]) {
  const pieces: Uint8Array[] = []
  let error: unknown
  try {
    for await (const piece of checkedBytes(spec, all(bytes))) pieces.push(piece)
  } catch (cause) {
    error = cause
  }
  return { pieces, error }
}

async function* all(bytes: readonly Uint8Array[]) {
  yield* bytes
}

it('bytes in one large chunk pass in small ones, so that a slow way is told from one that stands still', async () => {
  const { pieces, error } = await piecesOf({ size: large.byteLength, sha256 }, [large])
  expect(error).toBeUndefined()
  expect(Math.max(...pieces.map(({ byteLength }) => byteLength))).toBeLessThanOrEqual(1_048_576)
  expect(Buffer.concat(pieces).equals(large)).toBe(true)
})

it('of bytes that are refused the last are never let through', async () => {
  const { pieces, error } = await piecesOf({ size: large.byteLength, sha256: '0'.repeat(64) }, [large, Buffer.alloc(0)])
  expect(error).toMatchObject({ outcome: { kind: 'refused', reason: 'other-sha256' } })
  const passed = Buffer.concat(pieces).byteLength
  expect(passed).toBeGreaterThan(0)
  expect(passed).toBeLessThan(large.byteLength)
})
