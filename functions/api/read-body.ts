import { ApiError } from '#core/contract/errors'
import { limits } from '#core/contract/limits'

/** Reads the whole body once, as bytes, and stops reading as soon as it is known to be too large. */
export async function readBody(request: Request): Promise<Uint8Array> {
  const declared = request.headers.get('content-length')
  if (declared !== null && Number(declared) > limits.bodyBytes) throw tooLarge()
  if (request.method === 'GET' || request.method === 'HEAD') return new Uint8Array(0)
  // A declared length is held by the HTTP parser; what comes in chunks of unknown number is counted here.
  try {
    if (declared !== null) return held(new Uint8Array(await request.arrayBuffer()))
    return request.body === null ? new Uint8Array(0) : await readChunks(request.body)
  } catch (cause) {
    if (cause instanceof ApiError) throw cause
    throw new ApiError('bad-request', 'the body broke off', { cause })
  }
}

async function readChunks(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const reader = stream.getReader()
  const chunks: Uint8Array[] = []
  let bytes = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    bytes += value.byteLength
    if (bytes > limits.bodyBytes) {
      // Not awaited: a sender that goes on sending must not hold the answer back.
      reader.cancel().catch(() => undefined)
      throw tooLarge()
    }
    chunks.push(value)
  }
  return Buffer.concat(chunks)
}

function held(body: Uint8Array): Uint8Array {
  if (body.byteLength > limits.bodyBytes) throw tooLarge()
  return body
}

function tooLarge(): ApiError {
  return new ApiError('too-large', `a body has at most ${limits.bodyBytes} bytes (limit bodyBytes)`)
}
