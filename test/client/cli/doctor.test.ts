import { chmod, mkdir, readdir, readFile, type statfs, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { checkClock } from '#client/cli/doctor/clock'
import { checkNode, checkSpace } from '#client/cli/doctor/machine'
import { checkPort } from '#client/cli/doctor/port'
import { ownerOfPort } from '#client/cli/doctor/port-owner'
import { type CliStage, memoryStream, startCli } from '../../support/cli.ts'
import { hubKey, problem, type Script } from '../../support/scripted-hub.ts'

const well: Script = ({ path }) => ({ body: path === '/healthz' ? { ok: true } : { workers: [] } })
const nodeVersion = '20.19.0'

/** The checks by their names, each as `state says → advice`. */
async function doctor(cli: CliStage, words: readonly string[] = [], world: Parameters<CliStage['run']>[1] = {}) {
  const ran = await cli.run(['doctor', ...words, '--json'], { nodeVersion, ...world })
  const { ok, checks } = JSON.parse(ran.out)
  const told = checks.map(({ name, state, says, advice }: Record<string, string>) => [
    name,
    `${state} ${says}${advice === undefined ? '' : ` → ${advice}`}`,
  ])
  return { code: ran.code, ok, checks: new Map<string, string>(told) }
}

/** Keys in a file, as a hub makes them. */
async function writeKeys(cli: CliStage, mode: number): Promise<Record<string, string | undefined>> {
  await mkdir(join(cli.cwd, '.taskurai'), { mode: 0o700 })
  const path = join(cli.cwd, '.taskurai', 'credentials')
  const { accessKeyId, secretAccessKey } = hubKey
  await writeFile(path, `[default]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`)
  await chmod(path, mode)
  return { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined }
}

describe('doctor', () => {
  it('finds everything well beside a hub that is', async () => {
    await using cli = await startCli(well)
    const env = await writeKeys(cli, 0o600)
    const { code, ok, checks } = await doctor(cli, [], { env })
    expect({ code, ok }, JSON.stringify([...checks])).toEqual({ code: 0, ok: true })
    expect([...checks.keys()]).toEqual(['node', 'endpoint', 'clock', 'key file', 'keys', 'data folder', 'disk', 'port'])
    expect(checks.get('endpoint')).toMatch(/^ok http:\/\/127\.0\.0\.1:\d+ answers in \d+ ms$/)
    expect(checks.get('keys')).toMatch(/^ok TKTEST from profile \[default] of .*credentials is accepted$/)
    expect(checks.get('port')).toMatch(/^ok \d+ is held by the hub that answers/)
    expect(await readdir(join(cli.cwd, '.taskurai'))).toEqual(['credentials'])
  })

  it('prints a line for each, coloured on a terminal, and says how many failed', async () => {
    await using cli = await startCli(well)
    const stdout = memoryStream(100)
    const ran = await cli.run(['doctor'], { stdout, isTerminal: true, nodeVersion: '18.20.0' })
    const told = 'node        18.20.0 is too old → install Node 20.19 or newer'
    expect(stdout.text().startsWith(`\u001b[31mfail\u001b[39m  ${told}\n\u001b[32mok  \u001b[39m  endpoint`)).toBe(true)
    expect(ran).toMatchObject({ code: 1, err: expect.stringMatching(/^1 of \d checks failed\.\n$/) })
  })

  it('a hub that is away: says so, and how to start it; the rest is still looked at', async () => {
    await using cli = await startCli()
    const { code, checks } = await doctor(cli, ['--endpoint', 'http://127.0.0.1:1'])
    expect(code).toBe(1)
    expect(checks.get('endpoint')).toMatch(
      /^fail No hub answers at http:\/\/127\.0\.0\.1:1 .*→ start it with: taskurai serve/,
    )
    expect(checks.has('clock')).toBe(false)
    expect(checks.get('disk')).toMatch(/free/)
  })

  it('something that is no hub is told from one', async () => {
    await using cli = await startCli(() => ({ status: 200, body: '<html>' }))
    const { checks } = await doctor(cli)
    expect(checks.get('endpoint')).toMatch(/^fail .*answers with status 200, and is no hub → set TASKURAI_ENDPOINT/)
  })

  it.each([
    [
      'that is none',
      { TASKURAI_ENDPOINT: 'nonsense' },
      'endpoint',
      /^fail 'nonsense' \(TASKURAI_ENDPOINT\) is not a URL/,
    ],
    [
      'without keys',
      { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' },
      'keys',
      /^fail No keys for .*→ Start the hub in this folder/,
    ],
    ['with half a key', { AWS_ACCESS_KEY_ID: '' }, 'keys', /^fail AWS_SECRET_ACCESS_KEY is set but/],
  ])('an endpoint %s', async (_, env, name, message) => {
    await using cli = await startCli(well)
    const { code, checks } = await doctor(cli, [], { env })
    expect(code).toBe(1)
    expect(checks.get(name)).toMatch(message)
  })

  it('a key file that others may read is no failure, but told', async () => {
    await using cli = await startCli(well)
    const env = await writeKeys(cli, 0o644)
    const { code, checks } = await doctor(cli, [], { env })
    expect(code).toBe(0)
    expect(checks.get('key file')).toMatch(/^warn .*can be read by others \(mode 644\) → chmod 600 /)
  })

  it('a key that is refused fails; one that may do little is known all the same', async () => {
    const refusing =
      (detail: string): Script =>
      (seen, count) =>
        seen.path === '/healthz' ? well(seen, count) : problem(403, 'forbidden', detail)
    await using unknown = await startCli(refusing('this key was removed'))
    const refused = await doctor(unknown)
    expect(refused.code).toBe(1)
    expect(refused.checks.get('keys')).toMatch(
      /^fail .*this key was removed → keys in use: TKTEST from AWS_ACCESS_KEY_ID/,
    )
    await using narrow = await startCli(refusing('the key shop may not GET /v1/workers; it has no allow for that'))
    expect((await doctor(narrow)).checks.get('keys')).toBe(
      'ok TKTEST from AWS_ACCESS_KEY_ID is accepted; it may not list workers',
    )
  })

  it('a worker that does not start is told with its reason', async () => {
    const breaker = { failures: 3, openUntil: '2026-11-30T08:00:00Z', reason: 'no such module' }
    await using cli = await startCli(({ path }) => ({
      body: path === '/healthz' ? { ok: true } : { workers: [{ name: 'orders', breaker }, { name: 'mail' }] },
    }))
    expect((await doctor(cli)).checks.get('worker')).toMatch(/^warn orders does not start: no such module → mend it/)
  })

  it('loads the worker modules that are named, or the one that is here', async () => {
    await using cli = await startCli(well)
    const manifest = async () => async (module: string) =>
      module.endsWith('worker.ts')
        ? { ok: true as const, manifest: { name: 'w', commands: [{}, {}] } }
        : { ok: false as const, message: 'it threw: boom' }
    expect((await doctor(cli, [], { manifest })).checks.has('module')).toBe(false)
    await writeFile(join(cli.cwd, 'worker.ts'), '')
    await writeFile(join(cli.cwd, 'bad.js'), '')
    expect((await doctor(cli, [], { manifest })).checks.get('module')).toBe('ok worker.ts loads: 2 commands')
    const bad = await doctor(cli, ['--worker', 'bad.js'], { manifest })
    expect(bad).toMatchObject({ code: 1 })
    expect(bad.checks.get('module')).toMatch(
      /^fail bad\.js: it threw: boom → mend it, and see: taskurai manifest bad\.js$/,
    )
    expect((await doctor(cli, ['--worker', './none.ts'], { manifest })).checks.get('module')).toMatch(
      /^fail .*There is no file/,
    )
  })

  it('a data folder that cannot be one fails', async () => {
    await using cli = await startCli(well)
    await writeFile(join(cli.cwd, 'file'), 'mine')
    expect((await doctor(cli, ['--data', 'file'])).checks.get('data folder')).toMatch(/^fail .*file is no folder →/)
    expect(await readFile(join(cli.cwd, 'file'), 'utf8')).toBe('mine')
    await symlink('/proc/self', join(cli.cwd, 'closed'))
    expect((await doctor(cli, ['--data', 'closed'])).checks.get('data folder')).toMatch(
      /^fail .*cannot be written.* → give it to/,
    )
    expect((await doctor(cli, ['--data', 'new/deep'])).checks.get('data folder')).toMatch(
      /^ok .*the first start makes it$/,
    )
  })
})

it.each([
  ['20.19.0', 'ok'],
  ['24.1.0', 'ok'],
  ['20.18.3', 'fail'],
  ['18.20.4', 'fail'],
])('Node %s is %s', (version, state) => {
  expect(checkNode(version).state).toBe(state)
})

it.each([
  [400, 'ok', "as the hub's"],
  [-3_000, 'ok', "3.0 s behind the hub's"],
  [20_000, 'warn', "20 s ahead of the hub's"],
  [-400_000, 'fail', "6 min 40 s behind the hub's"],
])('a clock that is %d ms ahead is %s', (aheadMs, state, says) => {
  expect(checkClock(aheadMs)).toMatchObject({ state, says })
})

it.each([
  [50e6, 'fail'],
  [500e6, 'warn'],
  [5e9, 'ok'],
])('a disk with %d bytes free is %s', async (bytes, state) => {
  const read = (async () => ({ bavail: bytes / 4_096, bsize: 4_096 })) as unknown as typeof statfs
  expect((await checkSpace('/', read)).state).toBe(state)
})

describe('a port', () => {
  const listening = async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('The server has no port.')
    return { port: address.port, [Symbol.asyncDispose]: async () => void server.close() }
  }

  it('that is taken names who has it', async () => {
    await using taken = await listening()
    const check = await checkPort({ port: taken.port, isHub: false })
    expect(check).toMatchObject({ state: 'fail', advice: expect.stringMatching(/set TASKURAI_PORT to another port/) })
    if (process.platform !== 'linux') return
    expect(check.says).toMatch(new RegExp(`^${taken.port} is taken by .*node.* \\(pid ${process.pid}\\)$`))
  })

  it('that is free is free', async () => {
    let port: number
    {
      await using taken = await listening()
      port = taken.port
    }
    expect(await checkPort({ port, isHub: false })).toEqual({ name: 'port', state: 'ok', says: `${port} is free` })
    expect(await ownerOfPort(port)).toBeUndefined()
  })
})
