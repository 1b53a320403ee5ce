import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { limits } from '../core/contract/limits.ts'
import { TaskuraiError } from './error.ts'

/** Bytes of a file on their way here: gone on with where they broke off, and held to their length and checksum. */

/** A file that broke off so often will not come whole. */
const breaksMost = 1_000

export interface Verified {
  readonly size: number
  /** Hexadecimal. */
  readonly sha256: string
  readonly first: AsyncIterable<Uint8Array>
  /** What comes from that byte on, after so many breaks without a byte between; undefined: it cannot be gone on with. */
  readonly again: (from: number, breaks: number) => Promise<AsyncIterable<Uint8Array> | undefined>
}

export async function* verified({ size, sha256, first, again }: Verified): AsyncGenerator<Buffer, void, undefined> {
  const hash = createHash('sha256')
  let source = first
  let bytes = 0
  let breaks = 0
  for (let tried = 1; ; tried++) {
    let broken: unknown
    const noteBreak = (cause: unknown) => {
      broken = cause
    }
    for await (const chunk of upToBreak(source, noteBreak)) {
      bytes += chunk.byteLength
      breaks = 0
      hash.update(chunk)
      yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    }
    if (bytes >= size) break
    const rest = tried < breaksMost ? await again(bytes, ++breaks) : undefined
    if (rest === undefined) throw broken ?? badAnswer(`the download broke off after ${bytes} of ${size} bytes`)
    source = rest
  }
  if (bytes > size) throw badAnswer(`more than the ${size} bytes of the file came`)
  if (hash.digest('hex') !== sha256)
    throw badAnswer('what was downloaded does not have the checksum it was stored with')
}

/** Ends where the source fails. What its reader throws, a full disk for one, is no break, and passes by. */
async function* upToBreak(
  source: AsyncIterable<Uint8Array>,
  onBreak: (cause: unknown) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for await (const chunk of source) yield chunk
  } catch (cause) {
    onBreak(cause)
  }
}

/** Arguments or an output that lie apart. */
export async function jsonOf(
  { stream, size }: { readonly stream: Readable; readonly size: number },
  what: string,
): Promise<unknown> {
  if (size > limits.apartBytes) {
    stream.destroy()
    throw badAnswer(`${what} has ${size} bytes, more than the limit apartBytes of ${limits.apartBytes}`)
  }
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return JSON.parse(Buffer.concat(chunks).toString('utf8'))
}

export function badAnswer(detail: string): TaskuraiError {
  return new TaskuraiError({ code: 'bad-answer', detail })
}
