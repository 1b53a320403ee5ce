import type { Credentials } from './sign.ts'

/** One profile out of a file of the AWS tools, read as forgivingly as they do: what isn't understood is skipped. */

export interface Profile {
  readonly credentials?: Credentials
  readonly region?: string
  /** Settings that another tool must turn into keys, such as single sign-on. */
  readonly source?: 'sso' | 'role' | 'process'
}

export const MAX_PROFILE_FILE_LENGTH = 1_000_000

/** The profile of that name, or undefined; in a config file it stands as `[profile name]`. */
export function findProfile(text: string, name: string): Profile | undefined {
  if (text.length > MAX_PROFILE_FILE_LENGTH) return undefined
  const fields = new Map<string, string>()
  let inside = false
  let found = false
  for (const rawLine of text.split(/\r?\n/)) {
    const line = rawLine.trim()
    const section = /^\[\s*(?:profile\s+)?(.+?)\s*\](?:\s*[#;].*)?$/.exec(line)
    if (section !== null) {
      inside = section[1]?.replace(/^(["'])(.*)\1$/, '$2') === name
      found ||= inside
      continue
    }
    const equals = line.indexOf('=')
    // An indented line belongs to the setting above it (`s3 =`), never to the profile.
    if (!inside || equals <= 0 || /^[#;]/.test(line) || /^\s/.test(rawLine)) continue
    fields.set(line.slice(0, equals).trim().toLowerCase(), line.slice(equals + 1).trim())
  }
  return found ? profileOf(fields) : undefined
}

function profileOf(fields: ReadonlyMap<string, string>): Profile {
  const accessKeyId = fields.get('aws_access_key_id')
  const secretAccessKey = fields.get('aws_secret_access_key')
  const sessionToken = fields.get('aws_session_token')
  const region = fields.get('region')
  const source = sourceOf(fields)
  return {
    ...(accessKeyId && secretAccessKey
      ? { credentials: { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) } }
      : {}),
    ...(region ? { region } : {}),
    ...(source === undefined ? {} : { source }),
  }
}

function sourceOf(fields: ReadonlyMap<string, string>): Profile['source'] {
  if (fields.has('sso_session') || fields.has('sso_start_url')) return 'sso'
  if (fields.has('role_arn')) return 'role'
  return fields.has('credential_process') ? 'process' : undefined
}
