import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { findProfile, type Profile } from './profile-file.ts'
import type { Credentials } from './sign.ts'

/**
 * Which hub to call and with which keys.
 *
 * - endpoint: the option, `TASKURAI_ENDPOINT`, the hub on this machine
 * - keys: the option, `AWS_ACCESS_KEY_ID` and its companions, a profile. For a hub on this machine its own file in
 *   the data folder is looked at before that of the AWS tools, so that it works with nothing set.
 * - region: the option, the endpoint's own, `AWS_REGION`, `AWS_DEFAULT_REGION`, the profile's in either file of the
 *   AWS tools: `aws configure` writes it beside the keys' file
 */

export interface ConnectionOptions {
  readonly endpoint?: string
  readonly credentials?: Credentials
  readonly profile?: string
  readonly region?: string
}

export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Text of a file, undefined if there is none. */
  readonly readText: (path: string) => string | undefined
  readonly home: string
}

export interface Connection {
  readonly endpoint: URL
  readonly credentials: Credentials
  readonly region: string
  /** Where the keys came from, for messages. */
  readonly source: string
}

export type ConnectionOutcome =
  | { readonly ok: true; readonly connection: Connection }
  | { readonly ok: false; readonly reason: 'endpoint' | 'credentials' | 'region'; readonly message: string }

export type EndpointOutcome =
  | { readonly ok: true; readonly endpoint: URL }
  | { readonly ok: false; readonly reason: 'endpoint'; readonly message: string }

export const DEFAULT_ENDPOINT = 'http://127.0.0.1:4400'
export const DEFAULT_DATA_FOLDER = '.taskurai'
export const LOCAL_REGION = 'local'

/** Finds endpoint, keys and region, or says what to set. */
export function resolveConnection(
  options: ConnectionOptions = {},
  surroundings: Surroundings = processSurroundings(),
): ConnectionOutcome {
  const endpoint = resolveEndpoint(options, surroundings.env)
  if (!endpoint.ok) return endpoint
  const keys = resolveKeys(options, endpoint.endpoint, surroundings)
  if (!keys.ok) return { ok: false, reason: 'credentials', message: keys.message }
  const { AWS_REGION, AWS_DEFAULT_REGION } = surroundings.env
  const region =
    options.region ||
    regionOf(endpoint.endpoint) ||
    AWS_REGION ||
    AWS_DEFAULT_REGION ||
    keys.region ||
    configured(nameOf(options, surroundings), surroundings)?.region ||
    undefined
  if (region === undefined) {
    const message = `No region for ${endpoint.endpoint.origin}: set AWS_REGION, the profile's region or the option region.`
    return { ok: false, reason: 'region', message }
  }
  const { credentials, source } = keys
  return { ok: true, connection: { endpoint: endpoint.endpoint, credentials, region, source } }
}

export function resolveEndpoint({ endpoint }: ConnectionOptions, env: Surroundings['env']): EndpointOutcome {
  const text = endpoint || env.TASKURAI_ENDPOINT || DEFAULT_ENDPOINT
  const from = endpoint ? 'the option endpoint' : 'TASKURAI_ENDPOINT'
  if (!URL.canParse(text)) return refuseEndpoint(`'${text}' (${from}) is not a URL`)
  const url = new URL(text)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return refuseEndpoint(`'${text}' (${from}) is not http(s)`)
  if (url.username !== '' || url.password !== '') return refuseEndpoint(`${from} must not hold a user or a password`)
  if (url.search !== '' || url.hash !== '') return refuseEndpoint(`'${text}' (${from}) must not have a query`)
  return { ok: true, endpoint: url }
}

export function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname)
}

type KeysOutcome =
  | { readonly ok: true; readonly credentials: Credentials; readonly region?: string; readonly source: string }
  | { readonly ok: false; readonly message: string }

function resolveKeys(options: ConnectionOptions, endpoint: URL, surroundings: Surroundings): KeysOutcome {
  const { env, readText, home } = surroundings
  if (options.credentials !== undefined) return { ok: true, credentials: options.credentials, source: 'the option' }
  const name = nameOf(options, surroundings)
  // A profile asked for in code means just that one, whatever the shell has set.
  const fromEnvironment = options.profile ? undefined : environmentKeys(env)
  if (fromEnvironment !== undefined) return fromEnvironment

  const localPath = join(env.TASKURAI_DATA || DEFAULT_DATA_FOLDER, 'credentials')
  const awsPath = env.AWS_SHARED_CREDENTIALS_FILE || join(home, '.aws', 'credentials')
  const isLocalHub = isLoopback(endpoint) && !env.AWS_SHARED_CREDENTIALS_FILE
  const paths = isLocalHub ? [localPath, awsPath] : [awsPath]
  for (const path of paths) {
    const profile = profileIn(readText(path), name)
    if (profile?.credentials === undefined) continue
    const { credentials, region } = profile
    return { ok: true, credentials, ...(region ? { region } : {}), source: `profile [${name}] of ${path}` }
  }
  const config = configured(name, surroundings)
  return { ok: false, message: noKeys({ endpoint, name, paths, config, isLocalHub }) }
}

function environmentKeys(env: Surroundings['env']): KeysOutcome | undefined {
  const {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
  } = env
  if (!accessKeyId && !secretAccessKey) return undefined
  if (!accessKeyId)
    return { ok: false, message: 'AWS_SECRET_ACCESS_KEY is set but AWS_ACCESS_KEY_ID is not: set both.' }
  if (!secretAccessKey)
    return { ok: false, message: 'AWS_ACCESS_KEY_ID is set but AWS_SECRET_ACCESS_KEY is not: set both.' }
  const credentials = { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) }
  return { ok: true, credentials, source: 'AWS_ACCESS_KEY_ID' }
}

interface NoKeys {
  readonly endpoint: URL
  readonly name: string
  readonly paths: readonly string[]
  readonly config: Profile | undefined
  readonly isLocalHub: boolean
}

function noKeys({ endpoint, name, paths, config, isLocalHub }: NoKeys): string {
  if (config?.source !== undefined) {
    const how = { sso: 'single sign-on', role: 'an assumed role', process: 'a credential process' }[config.source]
    const exported = `eval "$(aws configure export-credentials --profile ${name} --format env)"`
    return `Profile [${name}] gets its keys by ${how}; let the AWS CLI export them first: ${exported}`
  }
  const looked = `No keys for ${endpoint.origin}: no profile [${name}] with keys in ${paths.join(' or ')}.`
  return isLocalHub
    ? `${looked} Start the hub in this folder, or set TASKURAI_DATA to its data folder.`
    : `${looked} Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE.`
}

function nameOf({ profile }: ConnectionOptions, { env }: Surroundings): string {
  return profile || env.AWS_PROFILE || 'default'
}

/** What the AWS tools keep of a profile beside its keys. */
function configured(name: string, { env, readText, home }: Surroundings): Profile | undefined {
  return profileIn(readText(env.AWS_CONFIG_FILE || join(home, '.aws', 'config')), name)
}

function profileIn(text: string | undefined, name: string): Profile | undefined {
  return text === undefined ? undefined : findProfile(text, name)
}

/** An API Gateway address names its region, and a signature for another one fails there, so it wins over variables. */
function regionOf(endpoint: URL): string | undefined {
  if (isLoopback(endpoint)) return LOCAL_REGION
  return /\.execute-api\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?$/.exec(endpoint.hostname)?.[1]
}

function refuseEndpoint(what: string): EndpointOutcome {
  return { ok: false, reason: 'endpoint', message: `${what}; it should look like ${DEFAULT_ENDPOINT}.` }
}

function processSurroundings(): Surroundings {
  return { env: process.env, readText: readTextFile, home: homedir() }
}

/** The text of a file, or undefined where there is none. */
export function readTextFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw error
  }
}
