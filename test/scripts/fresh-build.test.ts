import { execFile, spawn } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { followHub, makeFolder, plainEnv } from '../support/hub-process.ts'
import { repository } from '../support/repository.ts'
import { until } from '../support/until.ts'

/** A clone runs its sources compiled, and never anything else than what the sources say now. */

const run = promisify(execFile)
const folders = [
  'adapters',
  'bin',
  'browser',
  'client',
  'core',
  'embedded',
  'examples',
  'functions',
  'react',
  'scripts',
  'testing',
  'worker-runtime',
]

describe('a clone', { timeout: 60_000 }, () => {
  let clone = ''
  const program = () => join(clone, 'bin/taskurai.ts')
  const version = async () => (await run(process.execPath, [join(clone, 'bin/taskurai.mjs'), '--version'])).stdout
  const build = async () => (await stat(join(clone, '.build/stamp.json'))).mtimeMs
  const say = async (text: string) => {
    const rest = (await readFile(program(), 'utf8')).replace(/\nprocess\.stdout\.write\('.*'\)/, '')
    await writeFile(program(), rest.replace('\nconst {', `\nprocess.stdout.write('${text} ')\nconst {`))
  }

  beforeAll(async () => {
    clone = await mkdtemp(join(tmpdir(), 'taskurai-clone-'))
    const filter = (path: string) => !path.includes('node_modules')
    for (const folder of folders) await cp(join(repository, folder), join(clone, folder), { recursive: true, filter })
    await cp(join(repository, 'package.json'), join(clone, 'package.json'))
    await symlink(join(repository, 'node_modules'), join(clone, 'node_modules'))
  })
  afterAll(() => rm(clone, { recursive: true, force: true }))

  test('compiles at the first start, and not again while nothing changes', async () => {
    expect(await version()).toMatch(/^\d+\.\d+\.\d+\n$/)
    // A file that was written this very moment makes the first build unsure of itself.
    await utimesOfAll(clone)
    await version()
    const built = await build()
    await version()
    expect(await build()).toBe(built)
  })

  test('runs what a source says, as soon as it says it', async () => {
    await say('one')
    expect(await version()).toMatch(/^one /)
    await say('two')
    expect(await version()).toMatch(/^two /)
  })

  test('runs a source of the same size that comes from the past', async () => {
    await say('old')
    const past = new Date(Date.now() - 3_600_000)
    await utimes(program(), past, past)
    expect(await version()).toMatch(/^old /)
  })

  test('starts a hub by what npm start runs', async () => {
    await using folder = await makeFolder()
    const env = plainEnv({ TASKURAI_PORT: '0', TASKURAI_DATA: folder.path })
    await using hub = followHub(spawn(process.execPath, [join(clone, 'bin/start.mjs'), '--no-example'], { env }))
    await until('it is open', () => hub.endpoint())
    hub.kill('SIGINT')
    expect(await hub.exited).toEqual({ code: 0, signal: null })
  })

  test('compiles anew where the stamp is damaged', async () => {
    await writeFile(join(clone, '.build/stamp.json'), '{ "files": ')
    expect(await version()).toMatch(/^old /)
    expect(JSON.parse(await readFile(join(clone, '.build/stamp.json'), 'utf8'))).toHaveProperty('files')
  })
})

/** As after a checkout that is a while ago. */
async function utimesOfAll(clone: string): Promise<void> {
  const then = new Date(Date.now() - 60_000)
  const { stdout } = await run('find', folders.concat('package.json'), { cwd: clone })
  await Promise.all(
    stdout
      .trim()
      .split('\n')
      .map((path) => utimes(join(clone, path), then, then)),
  )
}
