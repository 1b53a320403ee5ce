import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { TaskuraiError } from './error.ts'

/** A path, or the bytes themselves. */
export type UploadSource = string | Uint8Array

export const readBytes = 262_144

/** What is declared of bytes before they are sent. */
export async function measure(source: UploadSource, signal?: AbortSignal): Promise<{ size: number; sha256: string }> {
  const hash = createHash('sha256')
  if (typeof source !== 'string') return { size: source.byteLength, sha256: hash.update(source).digest('hex') }
  let size = 0
  try {
    for await (const chunk of createReadStream(source, { highWaterMark: readBytes, ...(signal ? { signal } : {}) })) {
      size += chunk.length
      hash.update(chunk)
    }
  } catch (cause) {
    signal?.throwIfAborted()
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new TaskuraiError({ code: 'bad-call', detail: `The file ${source} cannot be read: ${why}`, cause })
  }
  return { size, sha256: hash.digest('hex') }
}
