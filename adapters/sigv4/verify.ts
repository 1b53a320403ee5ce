import { timingSafeEqual } from 'node:crypto'
import { ALGORITHM, type Authorization, parseAmzDate, parseAuthorization } from './authorization.ts'
import { canonicalHeaderValue, readTarget, type Target } from './canonical.ts'
import { hmac, rememberSigningKey, type SigningScope, sha256Hex, signingKeyOf } from './signing-key.ts'

/**
 * Verifies AWS Signature Version 4 in the Authorization header, as the one-machine hub receives it.
 *
 * 1. The hash that is signed is always that of the body received, never the one a header claims; a header that claims
 *    another one is refused, UNSIGNED-PAYLOAD too. So a changed body never passes, header or not (curl and botocore
 *    send none).
 * 2. `host` and `x-amz-date` are signed, always; every header named as signed must be there.
 * 3. Any region is taken from the credential scope; the service must be ours.
 * 4. A session token is ignored unless signed: the hub's own keys have none, and a stray one in a shell does no harm.
 * 5. It never throws, whatever was sent.
 */

export type SecretKey = string

export interface ReceivedRequest {
  readonly method: string
  /** Path and query exactly as received, not as a URL parser would rewrite them. */
  readonly url: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Uint8Array
}

export interface Verification extends ReceivedRequest {
  readonly now: number
  readonly lookUp: (accessKeyId: string) => SecretKey | undefined
  readonly service: string
}

export type RefusalReason =
  | 'unsigned'
  | 'malformed'
  | 'wrong-service'
  | 'missing-signed-header'
  | 'stale'
  | 'unknown-key'
  | 'body-hash'
  | 'signature'

export type VerifyOutcome =
  | { readonly ok: true; readonly accessKeyId: string }
  | { readonly ok: false; readonly reason: RefusalReason; readonly message: string }

export const CLOCK_SKEW_LIMIT_MS = 5 * 60_000

/**
 * Whether the request was signed by a key that `lookUp` knows, and just as it was received.
 *
 * @example verifyRequest({ method: 'GET', url: '/v1/tasks?limit=5', headers, body, now, lookUp, service: 'execute-api' })
 */
export function verifyRequest(request: Verification): VerifyOutcome {
  const { headers, lookUp, service } = request
  const header = headerOf(headers, 'authorization')
  if (header === undefined) return unsigned(request.url)
  const parsed = parseAuthorization(header)
  if (!parsed.ok) return refuse('malformed', parsed.message)
  const { authorization } = parsed
  if (authorization.service !== service) {
    return refuse('wrong-service', `Signed for service '${authorization.service}', expected '${service}'.`)
  }
  const target = readTarget(request.url)
  if (!target.ok) return refuse('malformed', target.message)
  const late = checkDate(request, authorization)
  if (late !== undefined) return late

  const secretKey = lookUp(authorization.accessKeyId)
  if (secretKey === undefined) {
    return refuse('unknown-key', `This hub has no key '${authorization.accessKeyId}', or has it no longer.`)
  }
  const bodyHash = sha256Hex(request.body)
  const claimedHash = headerOf(headers, 'x-amz-content-sha256')
  if (claimedHash !== undefined && claimedHash.trim() !== bodyHash) {
    return refuse(
      'body-hash',
      "x-amz-content-sha256 is not the SHA-256 of the body received; unsigned bodies aren't taken.",
    )
  }
  const signedHeaders = canonicalHeaders(request, authorization)
  if (!signedHeaders.ok) return signedHeaders.refusal

  const scope = { ...authorization, secretKey }
  if (!fits({ request, scope, target: target.target, headerBlock: signedHeaders.block, bodyHash })) {
    return refuse(
      'signature',
      'The signature does not fit this request: wrong secret, or method, path, query, host or body changed on the way.',
    )
  }
  return { ok: true, accessKeyId: authorization.accessKeyId }
}

interface Fitting {
  readonly request: Verification
  readonly scope: SigningScope & Authorization
  readonly target: Target
  readonly headerBlock: string
  readonly bodyHash: string
}

/** At most two paths times three queries are tried, and one each for a plain URL. */
function fits({ request, scope, target, headerBlock, bodyHash }: Fitting): boolean {
  const signingKey = signingKeyOf(scope)
  const presented = Buffer.from(scope.signature, 'hex')
  const scopeText = `${scope.date}/${scope.region}/${scope.service}/aws4_request`
  const preamble = `${ALGORITHM}\n${request.headers['x-amz-date']}\n${scopeText}\n`
  for (const path of target.paths) {
    for (const query of target.queries) {
      const canonical = `${request.method}\n${path}\n${query}\n${headerBlock}\n${bodyHash}`
      if (timingSafeEqual(hmac(signingKey, preamble + sha256Hex(canonical)), presented)) {
        rememberSigningKey(scope, signingKey)
        return true
      }
    }
  }
  return false
}

function checkDate({ headers, now }: Verification, { date, signedHeaders }: Authorization): VerifyOutcome | undefined {
  const missing = ['host', 'x-amz-date'].find((name) => !signedHeaders.includes(name))
  if (missing !== undefined)
    return refuse('missing-signed-header', `The header ${missing} must be among the signed ones.`)
  const text = headerOf(headers, 'x-amz-date')
  if (text === undefined) return refuse('missing-signed-header', 'The signed header x-amz-date is not there.')
  const signedAt = parseAmzDate(text)
  if (signedAt === undefined) return refuse('malformed', 'x-amz-date must be of the form yyyymmddThhmmssZ.')
  if (text.slice(0, 8) !== date) return refuse('malformed', 'x-amz-date is not of the day that the Credential names.')
  if (Math.abs(now - signedAt) <= CLOCK_SKEW_LIMIT_MS) return undefined
  const off = Math.round(Math.abs(now - signedAt) / 1_000)
  const side = signedAt < now ? 'old' : 'ahead'
  const limit = CLOCK_SKEW_LIMIT_MS / 60_000
  return refuse(
    'stale',
    `The signature is ${off} s ${side} by the hub's clock, ${limit} min are allowed; check the clock.`,
  )
}

type HeaderBlock =
  | { readonly ok: true; readonly block: string }
  | { readonly ok: false; readonly refusal: VerifyOutcome }

function canonicalHeaders({ headers }: Verification, { signedHeaders }: Authorization): HeaderBlock {
  let block = ''
  for (const name of signedHeaders) {
    const value = headerOf(headers, name)
    if (value === undefined) {
      return { ok: false, refusal: refuse('missing-signed-header', `The signed header ${name} is not there.`) }
    }
    block += `${name}:${canonicalHeaderValue(value)}\n`
  }
  return { ok: true, block: `${block}\n${signedHeaders.join(';')}` }
}

function headerOf(headers: Verification['headers'], name: string): string | undefined {
  return Object.hasOwn(headers, name) ? headers[name] : undefined
}

function unsigned(url: string): VerifyOutcome {
  const presigned = /[?&]x-amz-signature=/i.test(url)
  const hint = presigned ? 'A signature in the query is not taken. ' : ''
  return refuse(
    'unsigned',
    `${hint}Sign the request (AWS Signature V4, service execute-api) in an Authorization header.`,
  )
}

function refuse(reason: RefusalReason, message: string): VerifyOutcome {
  return { ok: false, reason, message }
}
