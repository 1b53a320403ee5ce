/** Between the web's streams and plain iteration. Bytes pass one chunk at a time, at the pace of the slower side. */

/** A body as it comes in. Ended early, it is canceled. */
export async function* bytesOf(body: ReadableStream<Uint8Array> | null): AsyncGenerator<Uint8Array, void, undefined> {
  if (body === null) return
  const reader = body.getReader()
  let isDone = false
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) {
        isDone = true
        return
      }
      yield value
    }
  } finally {
    // Not awaited: a sender that goes on sending must not hold the answer back.
    if (!isDone) reader.cancel().catch(() => undefined)
  }
}

/**
 * A body to be sent, of a length that its receiver has been told: one that ends before is broken off, as nobody would
 * end the wait for the rest. The source is given back when nobody reads on.
 */
export function streamOf(source: AsyncIterable<Uint8Array>, length: number): ReadableStream<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]()
  let left = length
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        const { done, value } = await iterator.next()
        if (done !== true) {
          left -= value.byteLength
          controller.enqueue(value)
        } else if (left === 0) controller.close()
        else controller.error(new Error(`${left} of ${length} bytes are missing`))
      },
      cancel: async () => {
        await iterator.return?.()
      },
    },
    { highWaterMark: 0 },
  )
}
