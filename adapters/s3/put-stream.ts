import { Readable } from 'node:stream'
import { PutObjectCommand, type PutObjectCommandInput } from '@aws-sdk/client-s3'
import { told } from './failures.ts'
import type { BucketPlace } from './place.ts'
import { silence } from './read-out.ts'

/** How long the bytes may stand still, on either side; all of them may take as long as they take. */
const stillMs = 120_000

/** One request whose bytes pass through at the pace of the slower side. They cannot be asked for again, so nor can it. */
export async function putStream(
  { client, bucket }: BucketPlace,
  request: Omit<PutObjectCommandInput, 'Body'>,
  bytes: AsyncIterable<Uint8Array>,
): Promise<void> {
  const stop = new AbortController()
  let failure: unknown
  const fail = (error: unknown) => {
    failure ??= error
    stop.abort()
  }
  const watch = watchStill(stillMs, () => fail(silence()))
  const body = Readable.from(watch.watched(bytes), { objectMode: false })
  // What is piped onwards tells nobody of its failures: the request would wait for the rest.
  body.on('error', fail)
  try {
    await client.send(new PutObjectCommand({ ...request, Body: body }), { abortSignal: stop.signal, requestTimeout: 0 })
  } catch (error) {
    throw told(bucket, 'put', failure ?? error)
  } finally {
    watch.end()
    body.destroy()
  }
}

/** Tells when no chunk passed for so long. */
function watchStill(ms: number, onStill: () => void) {
  const timer = setTimeout(onStill, ms)
  return {
    watched: async function* (bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
      for await (const chunk of bytes) {
        timer.refresh()
        yield chunk
      }
    },
    end: () => clearTimeout(timer),
  }
}
