import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { createFile, hasCode, PRIVATE_FILE_MODE, PRIVATE_FOLDER_MODE, replaceFile, whileLocked } from './atomic-file.ts'
import {
  formatKey,
  KEY_NAME,
  type Key,
  LOCAL_REGION,
  MAX_KEYS,
  parseAllowList,
  parseCredentials,
} from './credentials-text.ts'

export type { Key } from './credentials-text.ts'

/** The keys of a one-machine hub: a file in AWS profile format in its data folder, which only its owner may read. */

export type FileRefusal =
  | { readonly ok: false; readonly reason: 'broken'; readonly message: string }
  | { readonly ok: false; readonly reason: 'missing'; readonly message: string }

export type KeysOutcome = { readonly ok: true; readonly keys: readonly Key[] } | FileRefusal

export type EditOutcome =
  | { readonly ok: true; readonly key: Key }
  | FileRefusal
  | { readonly ok: false; readonly reason: 'invalid' | 'exists' | 'unknown' | 'busy'; readonly message: string }

export type Notice = (message: string) => void

const HEADER = `# Keys of this hub, in the format of the AWS tools. Keep this file to yourself.
# taskurai_allow lists what a key may do: a method (or *) and a path in which * stands for any characters.

`
const EVERYTHING = '* /*'
const WORKER_ALLOWS_BEFORE_FILES = ['GET /v1/worker-protocol/*', 'POST /v1/worker-protocol/*']
const WORKER_ALLOWS = [...WORKER_ALLOWS_BEFORE_FILES, 'POST /v1/payloads', 'GET /v1/tasks/*/files/*']
const GROUP_AND_OTHERS = 0o077

export function credentialsPath(dataFolder: string): string {
  return join(dataFolder, 'credentials')
}

/** Makes the file with its two first keys, [default] and [worker], unless there is one already. */
export function ensureCredentials(dataFolder: string): void {
  mkdirSync(dataFolder, { recursive: true, mode: PRIVATE_FOLDER_MODE })
  const path = credentialsPath(dataFolder)
  if (statSync(path, { throwIfNoEntry: false }) !== undefined) return
  const first = [makeKey('default', [EVERYTHING]), makeKey('worker', WORKER_ALLOWS)]
  createFile(path, HEADER + first.map(formatKey).join('\n'))
}

/** A data folder from before there were files: its worker key, where nobody changed it, may carry them too. */
export function upgradeWorkerKey(dataFolder: string): void {
  const path = credentialsPath(dataFolder)
  const text = readFileSync(path, 'utf8')
  const line = (allows: readonly string[]) => `\ntaskurai_allow = ${allows.join(', ')}\n`
  if (!text.includes(line(WORKER_ALLOWS_BEFORE_FILES))) return
  replaceFile(path, text.replace(line(WORKER_ALLOWS_BEFORE_FILES), line(WORKER_ALLOWS)))
}

/** All keys of the file. A file that others may read is tightened, and a notice says so. */
export function listKeys(dataFolder: string, notice: Notice = () => {}): KeysOutcome {
  const read = readCredentials(dataFolder, notice)
  if (!read.ok) return read
  return { ok: true, keys: read.keys.map(({ from: _from, to: _to, ...key }) => key) }
}

/** Adds a key with a name of its own and returns it, secret included. Running hubs take it up by themselves. */
export async function addKey(
  dataFolder: string,
  { name, allow }: { readonly name: string; readonly allow: readonly string[] },
): Promise<EditOutcome> {
  if (!KEY_NAME.test(name)) return invalid(`The key name '${name}' must be letters, digits and . _ -, at most 64.`)
  const parsed = parseAllowList(allow)
  if (!parsed.ok) return invalid(parsed.message)
  if (parsed.allows.length === 0) return invalid('A key without an allow could do nothing; name at least one.')
  const { allows } = parsed
  return edit(dataFolder, ({ keys, text }) => {
    if (keys.some((key) => key.name === name)) {
      return { ok: false, reason: 'exists', message: `There is a key named '${name}' already; remove it first.` }
    }
    if (keys.length >= MAX_KEYS) return invalid(`A hub has at most ${MAX_KEYS} keys.`)
    const key = makeKey(name, allows)
    const gap = text === '' || text.endsWith('\n\n') ? '' : text.endsWith('\n') ? '\n' : '\n\n'
    replaceFile(credentialsPath(dataFolder), text + gap + formatKey(key))
    return { ok: true, key }
  })
}

/** Removes a key by its name; running hubs refuse it within a second. */
export async function removeKey(dataFolder: string, name: string): Promise<EditOutcome> {
  return edit(dataFolder, ({ keys, text }) => {
    const placed = keys.find((key) => key.name === name)
    if (placed === undefined) return { ok: false, reason: 'unknown', message: `There is no key named '${name}'.` }
    const { from, to, ...key } = placed
    const lines = text.split(/\r?\n/)
    replaceFile(
      credentialsPath(dataFolder),
      [...lines.slice(0, from), ...lines.slice(lines[to] === '' ? to + 1 : to)].join('\n'),
    )
    return { ok: true, key }
  })
}

type Read = Extract<ReturnType<typeof readCredentials>, { ok: true }>

async function edit(dataFolder: string, change: (read: Read) => EditOutcome): Promise<EditOutcome> {
  const lockPath = `${credentialsPath(dataFolder)}.lock`
  mkdirSync(dataFolder, { recursive: true, mode: PRIVATE_FOLDER_MODE })
  const outcome = await whileLocked(lockPath, (): EditOutcome => {
    ensureCredentials(dataFolder)
    const read = readCredentials(dataFolder, () => {})
    return read.ok ? change(read) : read
  })
  return outcome ?? { ok: false, reason: 'busy', message: `Another process holds ${lockPath}; try again.` }
}

function readCredentials(dataFolder: string, notice: Notice) {
  const path = credentialsPath(dataFolder)
  let text: string
  try {
    tighten(path, notice)
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
    return {
      ok: false,
      reason: 'missing',
      message: `There is no ${path}; the hub makes it at its first start.`,
    } as const
  }
  const parsed = parseCredentials(text)
  if (parsed.ok) return { ...parsed, text }
  return { ok: false, reason: 'broken', message: `${path}:${parsed.line}: ${parsed.message}` } as const
}

function tighten(path: string, notice: Notice): void {
  const { mode } = statSync(path)
  if ((mode & GROUP_AND_OTHERS) === 0) return
  chmodSync(path, PRIVATE_FILE_MODE)
  notice(`${path} could be read by others and is now readable by its owner only; consider making new keys.`)
}

function makeKey(name: string, allows: readonly string[]): Key {
  // Letters, digits, - and _ only, so that both can be pasted into a shell or a KEY:SECRET pair as they are.
  const accessKeyId = `TK${base32(randomBytes(18))}`
  return { name, accessKeyId, secretKey: randomBytes(30).toString('base64url'), region: LOCAL_REGION, allows }
}

function base32(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[byte % 32]).join('')
}

function invalid(message: string): EditOutcome {
  return { ok: false, reason: 'invalid', message }
}
