import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_AUTHORIZATION_LENGTH, parseAmzDate } from '#adapters/sigv4/authorization'
import { MAX_URL_LENGTH } from '#adapters/sigv4/canonical'
import { MAX_REMEMBERED_SIGNING_KEYS, sha256Hex } from '#adapters/sigv4/signing-key'
import { CLOCK_SKEW_LIMIT_MS, type Verification, verifyRequest } from '#adapters/sigv4/verify'
import { signRequest } from '#client/sign'

const KEY = 'TKEXAMPLE'
const SECRET = 'a-secret_of-the-tests-0123456789'
const NOW = Date.UTC(2026, 0, 31, 23, 58, 30)
const MINUTE_MS = 60_000

async function signed(changes: { secret?: string; hash?: string; region?: string } = {}): Promise<Verification> {
  const url = new URL('http://127.0.0.1:4400/v1/commands/order.confirm/tasks?a=1&b=2')
  const body = '{"arguments":{}}'
  const given = {
    'content-type': 'application/json',
    ...(changes.hash === undefined ? {} : { 'x-amz-content-sha256': changes.hash }),
  }
  const credentials = { accessKeyId: KEY, secretAccessKey: changes.secret ?? SECRET }
  const options = { credentials, region: changes.region ?? 'local', now: NOW }
  const headers = await signRequest({ method: 'POST', url, headers: given, body }, options)
  return {
    method: 'POST',
    url: url.pathname + url.search,
    headers: { ...headers, host: url.host },
    body: Buffer.from(body),
    now: NOW,
    lookUp: (id) => (id === KEY ? SECRET : undefined),
    service: 'execute-api',
  }
}

const withHeaders = (request: Verification, headers: Record<string, string | undefined>): Verification => ({
  ...request,
  headers: { ...request.headers, ...headers },
})

describe('a signed request', () => {
  it('is accepted as it was sent', async () => {
    expect(verifyRequest(await signed())).toEqual({ ok: true, accessKeyId: KEY })
  })

  it.each([
    ['nothing signed', (r) => withHeaders(r, { authorization: undefined }), 'unsigned'],
    ['another method', (r) => ({ ...r, method: 'PUT' }), 'signature'],
    ['another path', (r) => ({ ...r, url: r.url.replace('confirm', 'cancel') }), 'signature'],
    ['another query', (r) => ({ ...r, url: r.url.replace('b=2', 'b=3') }), 'signature'],
    ['no query', (r) => ({ ...r, url: r.url.replace(/\?.*/, '') }), 'signature'],
    ['another host', (r) => withHeaders(r, { host: 'hub.example' }), 'signature'],
    ['another content type', (r) => withHeaders(r, { 'content-type': 'text/plain' }), 'signature'],
    ['another body', (r) => ({ ...r, body: Buffer.from('{"arguments":[]}') }), 'body-hash'],
    ['an emptied body', (r) => ({ ...r, body: Buffer.alloc(0) }), 'body-hash'],
    [
      'another body with its hash',
      (r) => ({ ...withHeaders(r, { 'x-amz-content-sha256': sha256Hex('x') }), body: Buffer.from('x') }),
      'signature',
    ],
    ['UNSIGNED-PAYLOAD put in', (r) => withHeaders(r, { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }), 'body-hash'],
    ['its body hash taken out', (r) => withHeaders(r, { 'x-amz-content-sha256': undefined }), 'missing-signed-header'],
    ['a signed header taken out', (r) => withHeaders(r, { 'content-type': undefined }), 'missing-signed-header'],
    ['its date taken out', (r) => withHeaders(r, { 'x-amz-date': undefined }), 'missing-signed-header'],
    ['a date of no calendar', (r) => withHeaders(r, { 'x-amz-date': '20260231T120000Z' }), 'malformed'],
    ['a date of another day', (r) => withHeaders(r, { 'x-amz-date': '20260201T000000Z' }), 'malformed'],
    ['another second', (r) => withHeaders(r, { 'x-amz-date': '20260131T235831Z' }), 'signature'],
    ['6 minutes gone by', (r) => ({ ...r, now: NOW + 6 * MINUTE_MS }), 'stale'],
    ['a clock 6 minutes ahead', (r) => ({ ...r, now: NOW - 6 * MINUTE_MS }), 'stale'],
    ['a key unknown here', (r) => ({ ...r, lookUp: () => undefined }), 'unknown-key'],
    ['another service expected', (r) => ({ ...r, service: 's3' }), 'wrong-service'],
    ['dot segments', (r) => ({ ...r, url: '/v1/commands/x/../order.confirm/tasks?a=1&b=2' }), 'malformed'],
    ['encoded dot segments', (r) => ({ ...r, url: '/v1/x/%2E%2e/tasks' }), 'malformed'],
    ['an empty segment', (r) => ({ ...r, url: '/v1//commands/order.confirm/tasks?a=1&b=2' }), 'malformed'],
    ['a backslash', (r) => ({ ...r, url: '/v1\\tasks' }), 'malformed'],
    ['a broken escape', (r) => ({ ...r, url: '/v1/%zz' }), 'malformed'],
    ['a whole URL for a path', (r) => ({ ...r, url: 'http://hub.example/v1/tasks' }), 'malformed'],
    ['an endless URL', (r) => ({ ...r, url: `/${'a'.repeat(MAX_URL_LENGTH)}` }), 'malformed'],
    ['an endless list of pairs', (r) => ({ ...r, url: `/?${'a&'.repeat(1_000)}` }), 'malformed'],
  ] satisfies [string, (request: Verification) => Verification, string][])(
    'is refused with %s',
    async (_, change, reason) => {
      const outcome = verifyRequest(change(await signed()))
      expect(outcome).toMatchObject({ ok: false, reason, message: expect.stringMatching(/\.$/) })
    },
  )

  it('is refused with a wrong secret, or when its sender did not sign the body', async () => {
    expect(verifyRequest(await signed({ secret: `${SECRET}!` }))).toMatchObject({ reason: 'signature' })
    expect(verifyRequest(await signed({ hash: 'UNSIGNED-PAYLOAD' }))).toMatchObject({ reason: 'body-hash' })
  })

  it('is accepted up to the limit of clock skew, both ways, and over midnight', async () => {
    const request = await signed()
    for (const skewMs of [-CLOCK_SKEW_LIMIT_MS, CLOCK_SKEW_LIMIT_MS]) {
      expect(verifyRequest({ ...request, now: NOW + skewMs }).ok).toBe(true)
      expect(verifyRequest({ ...request, now: NOW + skewMs + Math.sign(skewMs) })).toMatchObject({ reason: 'stale' })
    }
  })

  it('is accepted for any region, also for more of them than signing keys are remembered', async () => {
    for (let index = 0; index < MAX_REMEMBERED_SIGNING_KEYS + 10; index += 1) {
      expect(verifyRequest(await signed({ region: `region-${index}` })).ok).toBe(true)
    }
    expect(verifyRequest(await signed({ region: 'region-0' })).ok).toBe(true)
  })

  it('does not live on by an old secret after the key got a new one', async () => {
    const request = await signed()
    expect(verifyRequest(request).ok).toBe(true)
    expect(verifyRequest({ ...request, lookUp: () => 'another-secret' })).toMatchObject({ reason: 'signature' })
  })

  it('says that a signature in the query is not taken', () => {
    const request = { method: 'GET', url: '/v1/tasks?X-Amz-Signature=00', headers: {}, body: Buffer.alloc(0) }
    const outcome = verifyRequest({ ...request, now: NOW, lookUp: () => SECRET, service: 'execute-api' })
    expect(outcome).toMatchObject({ reason: 'unsigned', message: expect.stringContaining('in the query') })
  })
})

const CREDENTIAL = `Credential=${KEY}/20260131/local/execute-api/aws4_request`
const HEADERS = 'SignedHeaders=host;x-amz-date'
const SIGNATURE = `Signature=${'0'.repeat(64)}`

describe('a malformed Authorization', () => {
  it.each([
    '',
    ' ',
    'AWS4-HMAC-SHA256',
    'Bearer abc',
    'Basic dXNlcjpwYXNz',
    `aws4-hmac-sha256 ${CREDENTIAL}, ${HEADERS}, ${SIGNATURE}`,
    `AWS4-ECDSA-P256-SHA256 ${CREDENTIAL}, ${HEADERS}, ${SIGNATURE}`,
    `AWS4-HMAC-SHA256 ${HEADERS}, ${SIGNATURE}`,
    `AWS4-HMAC-SHA256 ${CREDENTIAL}, ${SIGNATURE}`,
    `AWS4-HMAC-SHA256 ${CREDENTIAL}, ${HEADERS}`,
    `AWS4-HMAC-SHA256 ${CREDENTIAL}, ${HEADERS}, ${SIGNATURE}, Extra=1`,
    `AWS4-HMAC-SHA256 ${CREDENTIAL}, ${CREDENTIAL}, ${HEADERS}, ${SIGNATURE}`,
    `AWS4-HMAC-SHA256 ${CREDENTIAL}, ${HEADERS}, ${SIGNATURE},`,
    `AWS4-HMAC-SHA256 Credential=${KEY}, ${HEADERS}, ${SIGNATURE}`,
    `AWS4-HMAC-SHA256 ${CREDENTIAL.replace('20260131', '2026-01-31')}, ${HEADERS}, ${SIGNATURE}`,
    `AWS4-HMAC-SHA256 ${CREDENTIAL.replace('aws4_request', 'aws5')}, ${HEADERS}, ${SIGNATURE}`,
    `AWS4-HMAC-SHA256 ${CREDENTIAL.replace('local', '')}, ${HEADERS}, ${SIGNATURE}`,
    `AWS4-HMAC-SHA256 ${CREDENTIAL}, SignedHeaders=, ${SIGNATURE}`,
    `AWS4-HMAC-SHA256 ${CREDENTIAL}, SignedHeaders=x-amz-date;host, ${SIGNATURE}`,
    `AWS4-HMAC-SHA256 ${CREDENTIAL}, SignedHeaders=host;host;x-amz-date, ${SIGNATURE}`,
    `AWS4-HMAC-SHA256 ${CREDENTIAL}, SignedHeaders=Host;x-amz-date, ${SIGNATURE}`,
    `AWS4-HMAC-SHA256 ${CREDENTIAL}, ${HEADERS}, Signature=${'0'.repeat(63)}`,
    `AWS4-HMAC-SHA256 ${CREDENTIAL}, ${HEADERS}, Signature=${'F'.repeat(64)}`,
    `AWS4-HMAC-SHA256 ${CREDENTIAL}, ${HEADERS}, ${SIGNATURE}${' '.repeat(MAX_AUTHORIZATION_LENGTH)}`,
    `AWS4-HMAC-SHA256 ${CREDENTIAL}, ${HEADERS};${Array.from({ length: 64 }, (_, i) => `y${i + 100}`).join(';')}, ${SIGNATURE}`,
  ])('such as %j is refused as malformed', async (authorization) => {
    expect(verifyRequest(withHeaders(await signed(), { authorization }))).toMatchObject({ reason: 'malformed' })
  })

  it.each(['host', 'x-amz-date'])('without %s among the signed headers is refused', async (name) => {
    const request = await signed()
    const authorization = request.headers.authorization?.replace(new RegExp(`${name};|;${name}`), '')
    const outcome = verifyRequest(withHeaders(request, { authorization }))
    expect(outcome).toMatchObject({ reason: 'missing-signed-header', message: expect.stringContaining(name) })
  })

  it('never makes it throw, whatever it is', async () => {
    const request = await signed()
    const good = request.headers.authorization ?? ''
    const splice = fc
      .tuple(fc.nat(good.length), fc.nat(20), fc.string({ unit: 'binary', maxLength: 20 }))
      .map(([at, length, text]) => good.slice(0, at) + text + good.slice(at + length))
    const named = fc
      .constantFrom('__proto__', 'constructor', 'toString')
      .map((name) => good.replace('content-type', name))
    fc.assert(
      fc.property(fc.oneof(splice, named, fc.string({ unit: 'binary' })), (authorization) => {
        const outcome = verifyRequest(withHeaders(request, { authorization }))
        expect(outcome.ok).toBe(outcome.ok && sameButSpaces(authorization, good))
      }),
      { numRuns: 2_000 },
    )
  })

  it('and neither do odd URLs, dates, methods and header values', async () => {
    const request = await signed()
    const odd = fc.string({ unit: 'binary', maxLength: 40 })
    fc.assert(
      fc.property(odd, odd, odd, odd, (url, date, method, host) => {
        const changed = withHeaders({ ...request, url: `/${url}`, method }, { 'x-amz-date': date, host })
        expect(verifyRequest(changed).ok).toBe(false)
        expect(verifyRequest({ ...request, url: `/${url}` }).ok).toBe(false)
        expect(parseAmzDate(date)).toBeUndefined()
      }),
      { numRuns: 1_000 },
    )
  })
})

const sameButSpaces = (a: string, b: string): boolean => a.replace(/\s/g, '') === b.replace(/\s/g, '')
