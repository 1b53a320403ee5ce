import { execFile } from 'node:child_process'
import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { makeProject as make } from '#client/cli/commands/init'
import { nodeLeast } from '#client/cli/doctor/machine'
import { versions } from '#client/cli/templates/package-files'
import { type CliStage, startCli } from '../../support/cli.ts'

const repository = fileURLToPath(new URL('../../../', import.meta.url))
const manifest = async () => (await import('#adapters/process/read-manifest')).readManifest
const run = promisify(execFile)

/** What `npm install` would bring, from this repository. */
async function install(project: string): Promise<void> {
  const modules = join(project, 'node_modules')
  await mkdir(join(modules, '@types'), { recursive: true })
  for (const name of ['taskurai', 'zod', 'tsx', 'typescript', '@types/node']) {
    await symlink(join(repository, 'node_modules', name), join(modules, name), 'dir')
  }
}

async function makeProject(cli: CliStage, ...words: readonly string[]): Promise<string> {
  const ran = await cli.run(['init', 'mailer', ...words])
  expect(ran.code, ran.err).toBe(0)
  const project = join(cli.cwd, 'mailer')
  await install(project)
  return project
}

/** Node's own test runner does not like to be started by another's, as vitest's variables make it. */
const { PATH = '', HOME = '' } = process.env
const plain = { PATH, HOME }

describe.each([
  ['typescript', [], 'ts', ['--import', 'tsx', '--test', 'test/worker.test.ts']],
  // The package lies here as sources: installed, it is compiled, and `node --test` alone does.
  ['javascript', ['--javascript'], 'js', ['--import', 'tsx', '--test']],
] as const)('a project in %s', (language, words, extension, testWords) => {
  it('has a worker that loads, and a test that passes', async () => {
    await using cli = await startCli()
    const project = await makeProject(cli, ...words)
    const read = await cli.run(['manifest', join(project, `worker.${extension}`)], { manifest })
    expect(read.code, read.err).toBe(0)
    expect(JSON.parse(read.out)).toMatchObject({ name: 'mailer', commands: [{ name: 'mailer.greet', version: 1 }] })
    const { stdout } = await run(process.execPath, [...testWords], { cwd: project, env: plain })
    expect(stdout).toMatch(/pass 2\b[\s\S]*fail 0\b/)
  }, 60_000)

  it('has all that the project needs, and says how to go on', async () => {
    await using cli = await startCli()
    const ran = await cli.run(['init', 'mailer', ...words])
    expect(ran.err).toBe('\nGo on with:\n  cd mailer\n  npm install\n  npm test\n  npm start\n')
    const files = ran.out.trim().split('\n')
    for (const file of files) expect((await stat(join(cli.cwd, file))).isFile()).toBe(true)
    expect(files).toContain(`mailer/worker.${extension}`)
    expect(files).toContain('mailer/Dockerfile')
    expect(files.includes('mailer/tsconfig.json')).toBe(language === 'typescript')
    const text = async (name: string) => readFile(join(cli.cwd, 'mailer', name), 'utf8')
    const { name, dependencies, scripts } = JSON.parse(await text('package.json'))
    expect(name).toBe('mailer')
    expect(dependencies.taskurai).toBe('^1.2.3')
    expect(scripts.start).toBe(`taskurai serve --worker worker.${extension}`)
    expect(await text('Dockerfile')).toContain(`"work", "worker.${extension}"`)
    expect(await text('.gitignore')).toMatch(/^node_modules\/\n[\s\S]*\.taskurai\/\n$/)
    expect(await text('README.md')).toContain('npx taskurai submit mailer.greet')
  })
})

it('a project in TypeScript passes its own type check', async () => {
  await using cli = await startCli()
  const project = await makeProject(cli)
  const tsc = join(repository, 'node_modules', 'typescript', 'bin', 'tsc')
  await expect(run(process.execPath, [tsc, '-p', '.'], { cwd: project })).resolves.toMatchObject({ stdout: '' })
}, 60_000)

it('tells what it made as JSON, and takes another name and another package', async () => {
  await using cli = await startCli()
  const words = ['init', 'My Folder', '--name', 'mailer', '--package', 'file:../taskurai.tgz', '--json']
  const ran = await cli.run(words)
  expect(ran).toMatchObject({ code: 0, err: expect.stringMatching(/^$|Go on/) })
  const folder = join(cli.cwd, 'My Folder')
  expect(JSON.parse(ran.out)).toMatchObject({ folder, name: 'mailer', language: 'typescript' })
  const { dependencies } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
  expect(dependencies.taskurai).toBe('file:../taskurai.tgz')
})

it('takes a folder that is there and empty, or has nothing but version control', async () => {
  await using cli = await startCli()
  await mkdir(join(cli.cwd, 'empty'))
  expect((await cli.run(['init', 'empty'])).code).toBe(0)
  await mkdir(join(cli.cwd, 'versioned', '.git'), { recursive: true })
  expect((await cli.run(['init', 'versioned'])).code).toBe(0)
})

it.each([
  ['a folder that holds something', ['init', 'full'], /full is not empty \(notes\.txt\): init never writes over/],
  ['a file', ['init', 'file'], /file is no folder/],
  [
    'a folder name that is no worker name',
    ['init', 'My_Worker'],
    /'My_Worker' cannot be the name of a worker:.*--name/,
  ],
  ['a name that is none', ['init', 'x', '--name', '-x'], /'-x' cannot be the name/],
  ['a name too long', ['init', 'x', '--name', 'x'.repeat(41)], /cannot be the name/],
  ['both languages', ['init', 'x', '--typescript', '--javascript'], /not both/],
  ['no folder', ['init'], /missing required argument 'folder'/],
  ['a folder under a file', ['init', 'file/x'], /cannot be made|is no folder/],
])('refuses %s and leaves everything as it was', async (_, words, message) => {
  await using cli = await startCli()
  await mkdir(join(cli.cwd, 'full'))
  await writeFile(join(cli.cwd, 'full', 'notes.txt'), 'mine')
  await writeFile(join(cli.cwd, 'file'), '')
  expect(await cli.run(words)).toMatchObject({ code: 2, out: '', err: expect.stringMatching(message) })
  expect(await readdir(cli.cwd)).toEqual(['file', 'full'])
  expect(await readdir(join(cli.cwd, 'full'))).toEqual(['notes.txt'])
})

it('leaves no half of a project where it cannot write all', async () => {
  await using cli = await startCli()
  // The last of the files cannot be written: its folder is a file.
  await mkdir(join(cli.cwd, 'half', '.git'), { recursive: true })
  const files = { 'a.txt': 'a', 'sub/b.txt': 'b', 'a.txt/c.txt': 'c' }
  await expect(make(join(cli.cwd, 'half'), files)).rejects.toThrow(/cannot be made/)
  expect(await readdir(join(cli.cwd, 'half'))).toEqual(['.git'])
  await expect(make(join(cli.cwd, 'new', 'deep'), files)).rejects.toThrow(/cannot be made/)
  expect(await readdir(cli.cwd)).toEqual(['half'])
})

it('asks for the versions that this repository itself is tried with', async () => {
  const { engines, dependencies, devDependencies } = JSON.parse(
    await readFile(join(repository, 'package.json'), 'utf8'),
  )
  const plainVersion = (range: string) => range.replace(/^[\^~]/, '')
  expect(versions.node).toBe(engines.node)
  expect(versions.node).toBe(`>=${nodeLeast.join('.')}`)
  for (const name of ['zod', 'tsx', 'typescript', '@types/node'] as const) {
    expect(plainVersion(versions[name])).toBe(plainVersion(dependencies[name] ?? devDependencies[name]))
  }
})
