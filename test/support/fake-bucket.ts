import { createHash, createHmac } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'

/**
 * A bucket as presigned addresses meet it, with what the emulator leaves out: signatures (a header that was signed and
 * does not come as it was signed is refused), checksums, unsigned `x-amz-` headers; and faults on top.
 */

export interface BucketRequest {
  readonly method: string
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

/** Instead of what the bucket would do: refuses with that code, or breaks off after so many bytes of its answer. */
export type BucketFault =
  | { readonly kind: 'refused'; readonly status: number; readonly code: string }
  | { readonly kind: 'cut'; readonly bytes: number }

export interface FakeBucket extends AsyncDisposable {
  readonly endpoint: string
  /** By path: `/bucket/payloads/<id>`. */
  readonly objects: Map<string, { readonly bytes: Buffer; readonly type: string }>
  readonly requests: readonly BucketRequest[]
}

export const bucketKeys = { accessKeyId: 'AKIDTEST', secretAccessKey: 'bucket-secret' }

export async function startBucket(
  faultOf: (request: BucketRequest, count: number) => BucketFault | undefined = () => undefined,
): Promise<FakeBucket> {
  const objects: FakeBucket['objects'] = new Map()
  const requests: BucketRequest[] = []
  const server = createServer(async (incoming, outgoing) => {
    const { method = '', headers } = incoming
    const request = { method, headers, body: await buffer(incoming) }
    requests.push(request)
    const fault = faultOf(request, requests.length)
    const url = new URL(incoming.url ?? '', `http://${headers.host}`)
    if (fault?.kind === 'refused') return refuse(outgoing, fault.status, fault.code)
    const wrong = wrongOf(request, url)
    if (wrong !== undefined) return refuse(outgoing, ...wrong)
    if (method === 'PUT') {
      objects.set(url.pathname, { bytes: request.body, type: headers['content-type'] ?? '' })
      return outgoing.writeHead(200, { etag: '"of its own"' }).end()
    }
    const object = objects.get(url.pathname)
    if (object === undefined) return refuse(outgoing, 404, 'NoSuchKey')
    give({ outgoing, url, bytes: object.bytes, range: headers.range, cutAt: fault?.bytes })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    objects,
    requests,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

interface Give {
  readonly outgoing: ServerResponse
  readonly url: URL
  readonly bytes: Buffer
  readonly range: string | undefined
  readonly cutAt: number | undefined
}

function give({ outgoing, url, bytes, range, cutAt }: Give): void {
  const from = Number(/^bytes=(\d+)-/.exec(range ?? '')?.[1] ?? 0)
  const part = bytes.subarray(from)
  outgoing.writeHead(range === undefined ? 200 : 206, {
    'content-length': part.byteLength,
    'content-type': url.searchParams.get('response-content-type') ?? 'binary/octet-stream',
    'content-disposition': url.searchParams.get('response-content-disposition') ?? '',
    etag: '"of its own"',
    ...(range === undefined ? {} : { 'content-range': `bytes ${from}-${bytes.byteLength - 1}/${bytes.byteLength}` }),
  })
  if (cutAt === undefined) outgoing.end(part)
  else outgoing.write(part.subarray(0, cutAt), () => outgoing.socket?.destroySoon())
}

type Wrong = readonly [status: number, code: string, message?: string]

function wrongOf({ method, headers, body }: BucketRequest, url: URL): Wrong | undefined {
  if (headers.authorization !== undefined) return [400, 'InvalidRequest', 'Only one auth mechanism allowed']
  const { searchParams: query } = url
  const signed = (query.get('X-Amz-SignedHeaders') ?? '').split(';')
  const unsigned = Object.keys(headers).find((name) => name.startsWith('x-amz-') && !signed.includes(name))
  if (unsigned !== undefined)
    return [403, 'AccessDenied', `There were headers present which were not signed: ${unsigned}`]
  if (query.get('X-Amz-Signature') !== signatureOf(method, url, signed, headers)) return [403, 'SignatureDoesNotMatch']
  const checksum = headers['x-amz-checksum-sha256']
  const isRight = checksum === undefined || createHash('sha256').update(body).digest('base64') === checksum
  return isRight ? undefined : [400, 'BadDigest']
}

/** Signature Version 4 over the query, as S3 makes it: nothing of the path is encoded twice, and the body is unsigned. */
function signatureOf(
  method: string,
  { pathname, searchParams }: URL,
  signed: readonly string[],
  headers: IncomingMessage['headers'],
): string {
  const query = [...searchParams].filter(([name]) => name !== 'X-Amz-Signature')
  const encoded = query.map(([name, value]) => `${encode(name)}=${encode(value)}`).sort()
  const lines = signed.map((name) => `${name}:${String(headers[name] ?? '').trim()}\n`).join('')
  const canonical = [method, pathname, encoded.join('&'), lines, signed.join(';'), 'UNSIGNED-PAYLOAD'].join('\n')
  const [, ...scope] = (searchParams.get('X-Amz-Credential') ?? '').split('/')
  const text = ['AWS4-HMAC-SHA256', searchParams.get('X-Amz-Date'), scope.join('/'), sha256(canonical)].join('\n')
  let key: Buffer | string = `AWS4${bucketKeys.secretAccessKey}`
  for (const part of [...scope, text]) key = createHmac('sha256', key).update(part).digest()
  return Buffer.from(key).toString('hex')
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
}

function refuse(outgoing: ServerResponse, status: number, code: string, message = 'no'): void {
  const text = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`
  outgoing.writeHead(status, { 'content-type': 'application/xml' }).end(text)
}
