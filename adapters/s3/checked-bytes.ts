import { createHash } from 'node:crypto'
import type { BlobSpec, PutOutcome, PutRefusal } from '#core/blobs'

/** Thrown in the place of bytes that are not those which were declared. */
export class Refused extends Error {
  readonly outcome: Extract<PutOutcome, { kind: 'refused' }>

  constructor(reason: PutRefusal, message: string, options?: ErrorOptions) {
    super(message, options)
    this.outcome = { kind: 'refused', reason, message }
  }
}

/** A chunk may be a whole file in memory: in pieces it can be seen to move. */
const pieceBytes = 1_048_576

/**
 * The bytes as they come, but for the last of them, which is held back till all were counted and hashed: an upload that
 * lacks a byte is none, so whatever is wrong, nothing of it is kept, and S3 need not be asked to find it out.
 */
export async function* checkedBytes(
  { size, sha256 }: BlobSpec,
  bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const hash = createHash('sha256')
  let length = 0
  let held: Uint8Array | undefined
  const received = () => length
  for await (const chunk of told(bytes, size, received)) {
    length += chunk.byteLength
    if (length > size) throw new Refused('too-long', `more than the ${size} bytes that were declared came`)
    for (let at = 0; at < chunk.byteLength; at += pieceBytes) {
      if (held !== undefined) yield held
      held = chunk.subarray(at, at + pieceBytes)
      hash.update(held)
    }
  }
  if (length < size) throw new Refused('too-short', `${length} of the ${size} bytes that were declared came`)
  if (hash.digest('hex') !== sha256) {
    throw new Refused('other-sha256', 'the bytes have another sha256 than was declared')
  }
  if (held !== undefined) yield held
}

/** What the sender's end throws, told apart from what the bucket does. */
async function* told(
  bytes: AsyncIterable<Uint8Array>,
  size: number,
  received: () => number,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    // An empty chunk says nothing, and could not be held back in the place of the last byte.
    for await (const chunk of bytes) if (chunk.byteLength > 0) yield chunk
  } catch (cause) {
    throw new Refused('cut-off', `the upload broke off after ${received()} of ${size} bytes`, { cause })
  }
}
