import { type Allow, parseAllow } from '#core/permission'

/** The text of a hub's credentials file: profiles as the AWS tools read them, and what each key is allowed. */

export interface Key {
  /** The profile's name. */
  readonly name: string
  readonly accessKeyId: string
  readonly secretKey: string
  readonly region: string
  readonly allows: readonly Allow[]
}

/** A key and the lines it takes up, first and one past the last, so that an edit leaves the rest as it was. */
export interface PlacedKey extends Key {
  readonly from: number
  readonly to: number
}

export type CredentialsOutcome =
  | { readonly ok: true; readonly keys: readonly PlacedKey[] }
  | { readonly ok: false; readonly line: number; readonly message: string }

export const MAX_CREDENTIALS_LENGTH = 1_000_000
export const MAX_KEYS = 1_000
export const MAX_ALLOWS_OF_A_KEY = 64
export const LOCAL_REGION = 'local'

export const KEY_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/
const ACCESS_KEY_ID = /^[\w-]{1,128}$/
const SECRET_KEY = /^[\x21-\x7e]{16,256}$/
const FIELDS = ['aws_access_key_id', 'aws_secret_access_key', 'region', 'taskurai_allow'] as const
type Field = (typeof FIELDS)[number]

interface Draft {
  readonly name: string
  readonly from: number
  readonly fields: Map<Field, string>
}

export function parseCredentials(text: string): CredentialsOutcome {
  if (text.length > MAX_CREDENTIALS_LENGTH)
    return broken(0, `the file is longer than ${MAX_CREDENTIALS_LENGTH} characters`)
  const lines = text.split(/\r?\n/)
  const keys: PlacedKey[] = []
  const seen = new Set<string>()
  let draft: Draft | undefined

  let lastFieldAt = 0
  const close = (): CredentialsOutcome | undefined => {
    if (draft === undefined) return undefined
    const key = keyOf(draft, lastFieldAt + 1)
    if ('ok' in key) return key
    if (keys.length === MAX_KEYS) return broken(draft.from, `there are more than ${MAX_KEYS} keys`)
    for (const id of [`[${key.name}]`, key.accessKeyId]) {
      if (seen.has(id)) return broken(draft.from, `${id} is there twice`)
      seen.add(id)
    }
    keys.push(key)
    return undefined
  }

  for (const [index, rawLine] of lines.entries()) {
    const line = rawLine.trim()
    if (line === '' || line.startsWith('#') || line.startsWith(';')) continue
    if (line.startsWith('[')) {
      const wrong = close()
      if (wrong !== undefined) return wrong
      const name = /^\[\s*(\S+)\s*\]$/.exec(line)?.[1] ?? ''
      if (!KEY_NAME.test(name)) return broken(index, 'a profile is written [name], of letters, digits and . _ -')
      draft = { name, from: index, fields: new Map() }
      continue
    }
    if (draft === undefined) return broken(index, 'expected a [profile] first')
    lastFieldAt = index
    const wrong = readField(draft, line, index)
    if (wrong !== undefined) return wrong
  }
  return close() ?? { ok: true, keys }
}

function readField(draft: Draft, line: string, index: number): CredentialsOutcome | undefined {
  const equals = line.indexOf('=')
  const name = line.slice(0, Math.max(equals, 0)).trim()
  const field = FIELDS.find((known) => known === name)
  if (field === undefined) return broken(index, `expected one of ${FIELDS.join(', ')} and =`)
  const value = line.slice(equals + 1).trim()
  const before = draft.fields.get(field)
  if (before !== undefined && field !== 'taskurai_allow')
    return broken(index, `${field} is there twice in [${draft.name}]`)
  if (field === 'aws_access_key_id' && !ACCESS_KEY_ID.test(value)) return broken(index, `${field} is malformed`)
  if (field === 'aws_secret_access_key' && !SECRET_KEY.test(value)) {
    return broken(index, `${field} must be 16 to 256 characters without spaces`)
  }
  if (field === 'taskurai_allow') {
    const parsed = parseAllowList(value)
    if (!parsed.ok) return broken(index, parsed.message)
  }
  draft.fields.set(field, before === undefined ? value : `${before}, ${value}`)
  return undefined
}

function keyOf({ name, from, fields }: Draft, to: number): PlacedKey | Extract<CredentialsOutcome, { ok: false }> {
  const accessKeyId = fields.get('aws_access_key_id')
  const secretKey = fields.get('aws_secret_access_key')
  if (accessKeyId === undefined) return broken(from, `[${name}] has no aws_access_key_id`)
  if (secretKey === undefined) return broken(from, `[${name}] has no aws_secret_access_key`)
  const allowList = fields.get('taskurai_allow')
  // A key that says nothing of what it may do may do nothing: a deleted line must not become a right to everything.
  const allows = allowList === undefined ? { ok: true as const, allows: [] } : parseAllowList(allowList)
  if (!allows.ok) return broken(from, allows.message)
  return { name, accessKeyId, secretKey, region: fields.get('region') ?? LOCAL_REGION, allows: allows.allows, from, to }
}

export type AllowListOutcome =
  | { readonly ok: true; readonly allows: readonly Allow[] }
  | { readonly ok: false; readonly message: string }

export function parseAllowList(text: string | readonly string[]): AllowListOutcome {
  const parts = (typeof text === 'string' ? text.split(',') : text).filter((part) => part.trim() !== '')
  if (parts.length > MAX_ALLOWS_OF_A_KEY)
    return { ok: false, message: `A key has at most ${MAX_ALLOWS_OF_A_KEY} allows.` }
  const allows: Allow[] = []
  for (const part of parts) {
    const parsed = parseAllow(part)
    if (!parsed.ok) return parsed
    allows.push(parsed.allow)
  }
  return { ok: true, allows }
}

export function formatKey({ name, accessKeyId, secretKey, region, allows }: Key): string {
  // One line of allows: the AWS tools refuse a file in which a setting stands twice.
  const fields = [
    `aws_access_key_id = ${accessKeyId}`,
    `aws_secret_access_key = ${secretKey}`,
    `region = ${region}`,
    `taskurai_allow = ${allows.join(', ')}`,
  ]
  return `[${name}]\n${fields.join('\n')}\n`
}

function broken(index: number, message: string): Extract<CredentialsOutcome, { ok: false }> {
  return { ok: false, line: index + 1, message }
}
