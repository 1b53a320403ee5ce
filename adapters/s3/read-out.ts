import type { Readable } from 'node:stream'
import { unavailable } from '../aws/away.ts'

/** How long an answer that has begun may stand still while somebody waits for its next bytes. */
const silentMs = 60_000

/**
 * The bytes of an answer, at the pace of their reader. Can be given back before its first byte, too: a generator that
 * was never begun would keep the connection.
 */
export function readOut(body: Readable, bucket: string): AsyncIterable<Uint8Array> {
  const chunks: AsyncIterator<Uint8Array> = body[Symbol.asyncIterator]()
  const next = async () => {
    const timer = setTimeout(() => body.destroy(silence()), silentMs)
    try {
      return await chunks.next()
    } catch (cause) {
      throw unavailable(cause, `the bucket ${bucket} (get, in the middle)`)
    } finally {
      clearTimeout(timer)
    }
  }
  const giveBack = async () => {
    body.destroy()
    return { done: true, value: undefined } as const
  }
  return { [Symbol.asyncIterator]: () => ({ next, return: giveBack }) }
}

export function silence(): Error {
  return Object.assign(new Error('nothing moved for too long'), { name: 'TimeoutError' })
}
