import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto'
import { SignatureV4 } from '@smithy/signature-v4'

export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

export interface RequestToSign {
  readonly method: string
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
}

export interface SignOptions {
  readonly credentials: Credentials
  readonly region: string
  /** Epoch milliseconds. */
  readonly now: number
  /** The hub's is API Gateway's. */
  readonly service?: string
}

export type SignedHeaders = Readonly<Record<string, string>>

/** Set by the HTTP client from the URL, with the same value as signed here. */
const SENT_BY_THE_TRANSPORT = new Set(['host', 'content-length'])
const SENDABLE = /^[\t\x20-\x7e]*$/

/**
 * The headers to send with a request: those given and the signature's. All that are given are signed.
 *
 * @example await fetch(url, { method, body, headers: await signRequest({ method, url, headers, body }, options) })
 */
export async function signRequest(
  request: RequestToSign,
  { credentials, region, now, service = 'execute-api' }: SignOptions,
): Promise<SignedHeaders> {
  const { url } = request
  const signer = new SignatureV4({ service, region, credentials, sha256: Sha256 })
  const signed = await signer.sign(
    {
      method: request.method,
      protocol: url.protocol,
      hostname: url.hostname,
      path: url.pathname,
      query: queryOf(url.searchParams),
      headers: { ...givenHeaders(request.headers), host: url.host },
      ...(request.body === undefined ? {} : { body: request.body }),
    },
    { signingDate: new Date(now) },
  )
  return Object.fromEntries(Object.entries(signed.headers).filter(([name]) => !SENT_BY_THE_TRANSPORT.has(name)))
}

function givenHeaders(headers: RequestToSign['headers']): Record<string, string> {
  const given: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    const lowerName = name.toLowerCase()
    if (SENT_BY_THE_TRANSPORT.has(lowerName)) continue
    // Signed as UTF-8 but sent as latin1: such a header would fail at the hub with no word of why.
    if (!SENDABLE.test(value)) throw new TypeError(`The header ${name} may hold ASCII only; percent-encode its value.`)
    given[lowerName] = value
  }
  return given
}

function queryOf(searchParams: URLSearchParams): Record<string, string[]> {
  const query: Record<string, string[]> = {}
  for (const name of new Set(searchParams.keys())) query[name] = searchParams.getAll(name)
  return query
}

/** The signer's hash in terms of node:crypto, many times as fast as one written in JavaScript. */
class Sha256 {
  private readonly hash: Hash | Hmac

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.hash = secret === undefined ? createHash('sha256') : createHmac('sha256', bytesOf(secret))
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.hash.update(bytesOf(data))
  }

  async digest(): Promise<Uint8Array> {
    return this.hash.digest()
  }

  reset(): void {
    throw new Error('A hash of the signer is used once and never reset.')
  }
}

function bytesOf(data: string | ArrayBuffer | ArrayBufferView): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data)
  return ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data)
}
