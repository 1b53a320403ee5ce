import type { BlobSpec, Blobs, ByteRange, PutOutcome } from '#core/blobs'

/** Bytes in memory, for tests and simulation: the same behaviour as the adapters that keep them. */
export function createMemoryBlobs(
  sha256: (bytes: Uint8Array) => string,
): Blobs & { readonly ids: () => readonly string[] } {
  const stored = new Map<string, Uint8Array>()

  return {
    put: async (id, spec, bytes) => {
      const taken = await take(spec, bytes)
      if (!('bytes' in taken)) return taken
      if (sha256(taken.bytes) !== spec.sha256) {
        return { kind: 'refused', reason: 'other-sha256', message: 'the bytes have another sha256 than was declared' }
      }
      stored.set(id, taken.bytes)
      return { kind: 'stored' }
    },
    has: async (id) => stored.has(id),
    get: async (id, range) => {
      const bytes = stored.get(id)
      return bytes === undefined ? undefined : chunksOf(bytes, range)
    },
    remove: async (id) => {
      stored.delete(id)
    },
    ids: () => [...stored.keys()],
  }
}

type Taken = { readonly bytes: Uint8Array } | Extract<PutOutcome, { kind: 'refused' }>

async function take({ size }: BlobSpec, source: AsyncIterable<Uint8Array>): Promise<Taken> {
  const bytes = new Uint8Array(size)
  let length = 0
  try {
    for await (const chunk of source) {
      if (length + chunk.byteLength > size) {
        return { kind: 'refused', reason: 'too-long', message: `more than the ${size} bytes that were declared came` }
      }
      bytes.set(chunk, length)
      length += chunk.byteLength
    }
  } catch {
    return { kind: 'refused', reason: 'cut-off', message: `the upload broke off after ${length} of ${size} bytes` }
  }
  if (length === size) return { bytes }
  return { kind: 'refused', reason: 'too-short', message: `${length} of the ${size} bytes that were declared came` }
}

const chunkBytes = 65_536

async function* chunksOf(bytes: Uint8Array, range: ByteRange | undefined): AsyncGenerator<Uint8Array, void, undefined> {
  const end = Math.min(bytes.byteLength, (range?.to ?? Number.POSITIVE_INFINITY) + 1)
  for (let at = range?.from ?? 0; at < end; at += chunkBytes) yield bytes.slice(at, Math.min(end, at + chunkBytes))
}
