import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createFile } from '#adapters/files/atomic-file'
import {
  addKey,
  credentialsPath,
  ensureCredentials,
  type Key,
  listKeys,
  removeKey,
} from '#adapters/files/credentials-file'
import { openKeys, STAMP_CHECK_INTERVAL_MS } from '#adapters/files/live-keys'
import { isAllowed } from '#core/permission'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'taskurai-keys-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const modeOf = (path: string): number => statSync(path).mode & 0o777
const read = (): string => readFileSync(credentialsPath(folder), 'utf8')
const keys = (): readonly Key[] => {
  const listed = listKeys(folder)
  if (!listed.ok) throw new Error(listed.message)
  return listed.keys
}
const named = (name: string): Key => {
  const key = keys().find((candidate) => candidate.name === name)
  if (key === undefined) throw new Error(`no key ${name}`)
  return key
}
const opened = (options: Parameters<typeof openKeys>[1] = {}) => {
  const outcome = openKeys(folder, options)
  if (!outcome.ok) throw new Error(outcome.message)
  return outcome.keys
}

const SECTION = '[a]\naws_access_key_id = TKA\naws_secret_access_key = 0123456789abcdef\n'

describe('the first start', () => {
  it('makes a key for everything and one for the worker protocol, for the owner only', () => {
    const data = join(folder, 'deep', 'data')
    ensureCredentials(data)
    expect(modeOf(credentialsPath(data))).toBe(0o600)
    expect(modeOf(data)).toBe(0o700)
    const listed = listKeys(data)
    if (!listed.ok) throw new Error(listed.message)
    const [everything, worker] = listed.keys
    expect(listed.keys.map(({ name, region }) => [name, region])).toEqual([
      ['default', 'local'],
      ['worker', 'local'],
    ])
    expect(isAllowed(everything?.allows ?? [], 'DELETE', '/v1/tasks/1')).toBe(true)
    expect(isAllowed(worker?.allows ?? [], 'POST', '/v1/worker-protocol/claim')).toBe(true)
    expect(isAllowed(worker?.allows ?? [], 'POST', '/v1/tasks')).toBe(false)
    expect(everything?.accessKeyId).toMatch(/^TK[A-Z2-7]{18}$/)
    expect(everything?.secretKey).toMatch(/^[\w-]{40}$/)
    expect(readdirSync(data)).toEqual(['credentials'])
  })

  it('leaves what is there as it is, also when another process made the file just before', () => {
    ensureCredentials(folder)
    const first = read()
    ensureCredentials(folder)
    expect(createFile(credentialsPath(folder), 'second')).toBe(false)
    expect(read()).toBe(first)
    expect(readdirSync(folder)).toEqual(['credentials'])
  })

  const botocore =
    'import botocore.session as s; c = s.Session(profile="worker").get_credentials(); print(c.access_key)'
  const hasBotocore = spawnSync('python3', ['-c', 'import botocore']).status === 0
  it.skipIf(!hasBotocore)('is understood by the AWS tools (skipped where there is no python3 with botocore)', () => {
    ensureCredentials(folder)
    const env = { ...process.env, AWS_SHARED_CREDENTIALS_FILE: credentialsPath(folder), AWS_ACCESS_KEY_ID: '' }
    const { stdout } = spawnSync('python3', ['-c', botocore], { env, encoding: 'utf8' })
    expect(stdout.trim()).toBe(named('worker').accessKeyId)
  })
})

describe('adding and removing keys', () => {
  it('adds one that is listed with its allows, and removes it again, leaving all else as it was', async () => {
    ensureCredentials(folder)
    writeFileSync(credentialsPath(folder), `${read()}\n# a note of mine\n${SECTION}\n# and one at the end\n`)
    const before = read()
    const added = await addKey(folder, { name: 'shop', allow: ['post /v1/commands/order.*/tasks', 'GET /v1/tasks/*'] })
    expect(added).toMatchObject({ ok: true, key: { name: 'shop' } })
    expect(named('shop').allows).toEqual(['POST /v1/commands/order.*/tasks', 'GET /v1/tasks/*'])
    expect(read().startsWith(before)).toBe(true)
    expect(modeOf(credentialsPath(folder))).toBe(0o600)
    expect(await removeKey(folder, 'shop')).toMatchObject({ ok: true, key: { name: 'shop' } })
    expect(read().trim()).toBe(before.trim())
    expect(await removeKey(folder, 'a')).toMatchObject({ ok: true })
    expect(keys().map(({ name }) => name)).toEqual(['default', 'worker'])
    expect(read()).toMatch(/# a note of mine\n# and one at the end/)
  })

  it.each([
    [{ name: 'worker', allow: ['*'] }, 'exists'],
    [{ name: 'with space', allow: ['*'] }, 'invalid'],
    [{ name: '', allow: ['*'] }, 'invalid'],
    [{ name: 'x\n[y]', allow: ['*'] }, 'invalid'],
    [{ name: 'x', allow: [] }, 'invalid'],
    [{ name: 'x', allow: ['GET tasks'] }, 'invalid'],
    [{ name: 'x', allow: ['GET /a\nregion = b'] }, 'invalid'],
    [{ name: 'x', allow: Array.from({ length: 65 }, () => '*') }, 'invalid'],
  ])('refuses %j: %s, and nothing is changed', async (wanted, reason) => {
    ensureCredentials(folder)
    const before = read()
    expect(await addKey(folder, wanted)).toMatchObject({ ok: false, reason })
    expect(read()).toBe(before)
  })

  it('refuses to remove what is not there, and to edit a broken file', async () => {
    ensureCredentials(folder)
    expect(await removeKey(folder, 'nobody')).toMatchObject({ ok: false, reason: 'unknown' })
    writeFileSync(credentialsPath(folder), 'nonsense')
    expect(await addKey(folder, { name: 'x', allow: ['*'] })).toMatchObject({ ok: false, reason: 'broken' })
    expect(read()).toBe('nonsense')
  })

  it('loses none of many added at once', async () => {
    const names = Array.from({ length: 12 }, (_, index) => `k${index}`)
    const outcomes = await Promise.all(names.map((name) => addKey(folder, { name, allow: ['*'] })))
    expect(outcomes.every(({ ok }) => ok)).toBe(true)
    expect(new Set(keys().map(({ name }) => name))).toEqual(new Set(['default', 'worker', ...names]))
    expect(readdirSync(folder)).toEqual(['credentials'])
  })

  it('goes on after a crash that left its lock and a half-written file behind', async () => {
    ensureCredentials(folder)
    const lockPath = `${credentialsPath(folder)}.lock`
    writeFileSync(lockPath, '')
    utimesSync(lockPath, new Date(0), new Date(0))
    writeFileSync(`${credentialsPath(folder)}.1.00000000.tmp`, '[half')
    expect(await addKey(folder, { name: 'x', allow: ['*'] })).toMatchObject({ ok: true })
    expect(named('x').name).toBe('x')
  })

  it('says so when another process holds the lock', async () => {
    ensureCredentials(folder)
    writeFileSync(`${credentialsPath(folder)}.lock`, '')
    expect(await addKey(folder, { name: 'x', allow: ['*'] })).toMatchObject({ ok: false, reason: 'busy' })
  })
})

describe('a file edited by hand', () => {
  it.each([
    ['hello', 1, /\[profile\] first/],
    [`${SECTION}\nhello`, 5, /expected one of/],
    [`${SECTION}aws_session_token = x`, 4, /expected one of/],
    [`${SECTION}region = a\nregion = b`, 5, /twice/],
    [`${SECTION}taskurai_allow = GET /a, nonsense`, 4, /'nonsense' is malformed/],
    [`# note\n\n${SECTION}${SECTION}`, 6, /\[a\] is there twice/],
    [`${SECTION}${SECTION.replace('[a]', '[b]')}`, 4, /TKA is there twice/],
    ['[a]\naws_access_key_id = TKA\n', 1, /no aws_secret_access_key/],
    ['[a]\naws_secret_access_key = 0123456789abcdef', 1, /no aws_access_key_id/],
    ['[a b]\n', 1, /a profile is written/],
    ['[a]\naws_access_key_id = T K', 2, /malformed/],
    ['[a]\naws_secret_access_key = short', 2, /16 to 256/],
  ])('%j is refused with file and line %i', (text, line, why) => {
    writeFileSync(credentialsPath(folder), text, { mode: 0o600 })
    const message = expect.stringMatching(why)
    expect(listKeys(folder)).toMatchObject({ ok: false, reason: 'broken', message })
    const refused = openKeys(folder)
    expect(refused.ok ? '' : refused.message.startsWith(`${credentialsPath(folder)}:${line}: `)).toBe(true)
  })

  it('may have several allow lines, Windows line ends and no allows, which allow nothing', () => {
    const several = `${SECTION}taskurai_allow = GET /a\ntaskurai_allow = GET /b, GET /c\n`
    const text = `${several}; note\n${SECTION.replace('[a]', '[b]').replace('TKA', 'TKB')}`.replaceAll('\n', '\r\n')
    writeFileSync(credentialsPath(folder), text, { mode: 0o600 })
    expect(named('a').allows).toEqual(['GET /a', 'GET /b', 'GET /c'])
    expect(named('b')).toMatchObject({ allows: [], region: 'local' })
  })

  it('that others may read is tightened with one notice', () => {
    ensureCredentials(folder)
    chmodSync(credentialsPath(folder), 0o644)
    const notices: string[] = []
    opened({ notice: (message) => notices.push(message) })
    expect(modeOf(credentialsPath(folder))).toBe(0o600)
    expect(notices).toEqual([expect.stringContaining('could be read by others')])
  })

  it('that is missing says who makes it', () => {
    expect(listKeys(folder)).toMatchObject({ ok: false, reason: 'missing' })
  })
})

describe('a running hub', () => {
  it('knows an added key at its first request and drops a removed one within a second', async () => {
    let now = 1_000
    const live = opened({ now: () => now })
    const added = await addKey(folder, { name: 'late', allow: ['*'] })
    if (!added.ok) throw new Error(added.message)
    const id = added.key.accessKeyId
    expect(live.keyOf(id)?.name).toBe('late')
    await removeKey(folder, 'late')
    expect(live.keyOf(id)?.name).toBe('late')
    now += STAMP_CHECK_INTERVAL_MS
    expect(live.keyOf(id)).toBeUndefined()
  })

  it('keeps its keys when the file is broken or gone meanwhile, and says so once', () => {
    const notices: string[] = []
    let now = 0
    const live = opened({ now: () => now, notice: (message) => notices.push(message) })
    const { accessKeyId } = named('default')
    writeFileSync(credentialsPath(folder), '[half')
    for (let look = 0; look < 3; look += 1) {
      now += STAMP_CHECK_INTERVAL_MS
      expect(live.keyOf('unknown')).toBeUndefined()
      expect(live.keyOf(accessKeyId)?.name).toBe('default')
    }
    expect(notices).toEqual([expect.stringContaining('credentials:1: ')])
    rmSync(credentialsPath(folder))
    now += STAMP_CHECK_INTERVAL_MS
    expect(live.keyOf(accessKeyId)?.name).toBe('default')
    expect(notices).toHaveLength(2)
  })
})
