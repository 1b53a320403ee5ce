import { Readable } from 'node:stream'
import type { S3Client } from '@aws-sdk/client-s3'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { putStream } from '#adapters/s3/put-stream'
import { readOut } from '#adapters/s3/read-out'

/** Connections that stay open and say nothing. */

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

const silent = { code: 'unavailable', cause: { name: 'TimeoutError' } }

it('an answer that stands still for a minute is given up, and one that nobody reads on is not', async () => {
  const body = new Readable({ read: () => undefined })
  body.push('first')
  const chunks = readOut(body, 'b')[Symbol.asyncIterator]()
  expect(await chunks.next()).toMatchObject({ value: Buffer.from('first') })
  await vi.advanceTimersByTimeAsync(600_000)
  expect(body.destroyed).toBe(false)
  const next = expect(chunks.next()).rejects.toMatchObject(silent)
  await vi.advanceTimersByTimeAsync(60_000)
  await next
  expect(body.destroyed).toBe(true)
})

it('an upload is given up when nothing passed for two minutes, however long it took till then', async () => {
  let pass: () => void = () => undefined
  async function* slow() {
    for (;;) {
      await new Promise<void>((resolve) => {
        pass = resolve
      })
      yield Buffer.from('x')
    }
  }
  const send = (command: { input: { Body: Readable } }, { abortSignal }: { abortSignal: AbortSignal }) =>
    new Promise((_, reject) => {
      command.input.Body.resume()
      abortSignal.addEventListener('abort', () => reject(new Error('aborted')))
    })
  let isOver = false
  const put = putStream({ client: { send } as unknown as S3Client, bucket: 'b' }, { Bucket: 'b', Key: 'k' }, slow())
  const over = expect(put.finally(() => (isOver = true))).rejects.toMatchObject(silent)
  for (let passed = 0; passed < 5; passed++) {
    await vi.advanceTimersByTimeAsync(119_000)
    pass()
    await vi.advanceTimersByTimeAsync(0)
  }
  expect(isOver).toBe(false)
  await vi.advanceTimersByTimeAsync(120_000)
  await over
})
