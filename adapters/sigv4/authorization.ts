/** Reads the Authorization header and the date of a SigV4 request. Never throws, whatever was sent. */

export interface Authorization {
  readonly accessKeyId: string
  /** `yyyymmdd`, as in the credential scope. */
  readonly date: string
  readonly region: string
  readonly service: string
  readonly signedHeaders: readonly string[]
  /** 64 lower-case hex digits. */
  readonly signature: string
}

export type AuthorizationOutcome =
  | { readonly ok: true; readonly authorization: Authorization }
  | { readonly ok: false; readonly message: string }

export const MAX_AUTHORIZATION_LENGTH = 4_096
export const MAX_SIGNED_HEADERS = 64

export const ALGORITHM = 'AWS4-HMAC-SHA256'
const CREDENTIAL = /^([\w-]{1,128})\/(\d{8})\/([a-z0-9-]{1,64})\/([a-z0-9-]{1,64})\/aws4_request$/
const SIGNED_HEADER = /^[a-z0-9!#$%&'*+.^_`|~-]+$/
const SIGNATURE = /^[0-9a-f]{64}$/
const DATE_TIME = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/

export function parseAuthorization(header: string): AuthorizationOutcome {
  if (header.length > MAX_AUTHORIZATION_LENGTH) return refuse(`is longer than ${MAX_AUTHORIZATION_LENGTH} characters`)
  const space = header.indexOf(' ')
  if (space < 0 || header.slice(0, space) !== ALGORITHM) return refuse(`does not begin with ${ALGORITHM}`)

  const parts = new Map<string, string>()
  for (const part of header.slice(space + 1).split(',')) {
    const equals = part.indexOf('=')
    const name = part.slice(0, Math.max(equals, 0)).trim()
    if (name !== 'Credential' && name !== 'SignedHeaders' && name !== 'Signature') return refuse('has an unknown part')
    if (parts.has(name)) return refuse(`names ${name} twice`)
    parts.set(name, part.slice(equals + 1).trim())
  }

  const credential = CREDENTIAL.exec(parts.get('Credential') ?? '')
  const [, accessKeyId, date, region, service] = credential ?? []
  if (accessKeyId === undefined || date === undefined || region === undefined || service === undefined) {
    return refuse('has no Credential of the form KEY/yyyymmdd/region/service/aws4_request')
  }
  const signedHeaders = parts.get('SignedHeaders')?.split(';') ?? []
  if (!isSignedHeaderList(signedHeaders)) {
    return refuse(`has no SignedHeaders that are lower-case, sorted, unique and at most ${MAX_SIGNED_HEADERS}`)
  }
  const signature = parts.get('Signature') ?? ''
  if (!SIGNATURE.test(signature)) return refuse('has no Signature of 64 lower-case hex digits')
  return { ok: true, authorization: { accessKeyId, date, region, service, signedHeaders, signature } }
}

/** `20260131T235959Z` as epoch milliseconds; undefined for what is not a moment of the calendar. */
export function parseAmzDate(text: string): number | undefined {
  const fields = DATE_TIME.exec(text)?.slice(1).map(Number)
  if (fields === undefined) return undefined
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = fields
  const epochMs = Date.UTC(year, month - 1, day, hour, minute, second)
  // Date.UTC rolls a 31st of February over into March; only what reads back the same was a date.
  return formatAmzDate(epochMs) === text ? epochMs : undefined
}

export function formatAmzDate(epochMs: number): string {
  return new Date(epochMs).toISOString().replace(/[-:]|\.\d{3}/g, '')
}

function isSignedHeaderList(names: readonly string[]): boolean {
  if (names.length === 0 || names.length > MAX_SIGNED_HEADERS) return false
  return names.every((name, index) => SIGNED_HEADER.test(name) && (index === 0 || name > (names[index - 1] ?? '')))
}

function refuse(what: string): AuthorizationOutcome {
  return { ok: false, message: `The Authorization header ${what}.` }
}
