import type { Connection } from './credentials.ts'
import { isLoopback } from './credentials.ts'

/** What a failed call means and what to check, in words. */

const skewSecondsMost = 300

export function explainUnreachable(endpoint: URL, cause: unknown): string {
  const code = errnoOf(cause)
  const at = endpoint.origin
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return `${at} cannot be reached: the name ${endpoint.hostname} is not known (${code}). Check TASKURAI_ENDPOINT.`
  }
  if (isCertificateTrouble(code)) {
    return `${at} is not trusted (${code}). Check its certificate; NODE_EXTRA_CA_CERTS names a file of your own authority.`
  }
  const why = code ?? (cause instanceof Error ? cause.message : String(cause))
  if (isLoopback(endpoint)) {
    return `No hub answers at ${at} (${why}). Is it running? Start it with: npx taskurai serve (or set TASKURAI_ENDPOINT).`
  }
  return `${at} cannot be reached (${why}). Check TASKURAI_ENDPOINT and the network.`
}

/** The hub was reached, and said that the bytes of files lie there. */
export function explainBucketUnreachable(bucket: URL, cause: unknown): string {
  const why = errnoOf(cause) ?? (cause instanceof Error ? cause.message : String(cause))
  return `${bucket.origin}, where the hub keeps its files, cannot be reached (${why}). Does this network let it through?`
}

export function explainTimeout(endpoint: URL, seconds: number): string {
  return `${endpoint.origin} did not answer within ${seconds} seconds. Is the hub overloaded or the network down?`
}

/** A certificate or address that is wrong stays wrong: trying again helps nobody. */
export function isLasting(cause: unknown): boolean {
  const code = errnoOf(cause)
  return code === 'ERR_INVALID_URL' || code === 'EPROTO' || isCertificateTrouble(code)
}

/** False where the request surely never reached anybody. */
export function wasSent(cause: unknown): boolean {
  const code = errnoOf(cause)
  return !(code === 'ECONNREFUSED' || code === 'ENOTFOUND' || code === 'EAI_AGAIN' || isCertificateTrouble(code))
}

export interface Refusal {
  readonly detail: string
  readonly method: string
  readonly path: string
  /** The answer's `Date`. */
  readonly date: string | undefined
  readonly now: number
}

/** A bare 403 has three usual causes; a wrong clock can be told for sure. */
export function explainForbidden({ credentials, region, source, endpoint }: Connection, refusal: Refusal): string {
  const { detail, method, path, date, now } = refusal
  const said = `${endpoint.origin} refused ${method} ${path}: ${detail}`
  const aheadSeconds = date === undefined ? 0 : Math.round((now - Date.parse(date)) / 1_000)
  if (Math.abs(aheadSeconds) > skewSecondsMost) {
    const how = `${Math.abs(aheadSeconds)} seconds ${aheadSeconds > 0 ? 'ahead of' : 'behind'}`
    return `${said}\nThis machine's clock is ${how} the hub's; signatures hold for ${skewSecondsMost} seconds. Set the clock.`
  }
  const key = `Signed with key ${credentials.accessKeyId} (from ${source}) for region ${region}.`
  const check = isLoopback(endpoint)
    ? 'Is it a key of this hub, and does its allow list name this method and path? See: npx taskurai keys list'
    : 'Is it the right key and region, is its session over, and does its IAM policy allow this method and path?'
  return `${said}\n${key} ${check}`
}

export function errnoOf(error: unknown): string | undefined {
  // The built-in fetch wraps the socket's error; a dual-stack address fails with one error for each family.
  for (let depth = 0, at = error; depth < 4 && at instanceof Error; depth++) {
    if ('code' in at && typeof at.code === 'string' && at.code !== '') return at.code
    at = at instanceof AggregateError ? at.errors[0] : at.cause
  }
  return undefined
}

export function isCertificateTrouble(code: string | undefined): boolean {
  return code !== undefined && /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ERR_TLS/.test(code)
}
