/** A stranger's empty project, with this package in it as npm installs it. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { copyFile, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { repository } from './repository.ts'

export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

export interface Stranger extends AsyncDisposable {
  readonly folder: string
  /** Bytes of all that an install of this package alone brings. */
  readonly installedBytes: number
  readonly run: (program: string, words: readonly string[], env?: Readonly<Record<string, string>>) => Promise<Ran>
  readonly start: (words: readonly string[]) => ChildProcess
  readonly write: (name: string, text: string) => Promise<void>
}

const runMostMs = 60_000
const quiet = ['--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error']

/** @param options packages to install beside it, as `name@version` */
export async function makeStranger(options: {
  readonly files: readonly string[]
  readonly besides: readonly string[]
}): Promise<Stranger> {
  const folder = await mkdtemp(join(tmpdir(), 'taskurai-stranger-'))
  const run: Stranger['run'] = (program, words, env = {}) =>
    new Promise((resolve) => {
      const settings = { cwd: folder, env: { ...plainEnv(), ...env }, timeout: runMostMs, maxBuffer: 16 * 1_048_576 }
      execFile(program, words, settings, (error, out, err) => {
        resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1, out, err })
      })
    })
  const npm = async (...words: readonly string[]) => {
    const { code, out, err } = await run('npm', [...words, ...quiet])
    if (code !== 0) throw new Error(`npm ${words.join(' ')} ended with ${code}: ${err}${out}`)
    return out
  }
  const packed = JSON.parse(await npm('pack', repository, '--pack-destination', folder, '--json', '--silent'))
  const write = (name: string, text: string) => writeFile(join(folder, name), text)
  await write('package.json', '{ "name": "stranger", "private": true, "type": "module" }\n')
  await npm('install', '--prefix', folder, `./${packed[0].filename}`)
  const installedBytes = await bytesIn(join(folder, 'node_modules'))
  await npm('install', '--prefix', folder, ...options.besides)
  for (const file of options.files) await copyFile(join(repository, file), join(folder, basename(file)))
  return {
    folder,
    installedBytes,
    run,
    write,
    start: (words) =>
      spawn(process.execPath, words, { cwd: folder, env: plainEnv(), stdio: ['ignore', 'pipe', 'pipe'] }),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true, maxRetries: 5 }),
  }
}

/** Without what npm and the test runner say to their own children: of those npm would take this repository for its own. */
function plainEnv(): Record<string, string> {
  const foreign =
    /^(?:npm_(?:package|lifecycle|command|config_(?:local_prefix|global_prefix|prefix))|INIT_CWD|NODE_ENV|VITEST|TASKURAI_|AWS_)/
  const entries = Object.entries(process.env).filter(([name]) => !foreign.test(name))
  return Object.fromEntries(entries.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])))
}

/** A file with two names, as esbuild's installer leaves its binary, is on the disk once. */
async function bytesIn(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = names.filter((entry) => entry.isFile())
  const found = await Promise.all(files.map((entry) => stat(join(entry.parentPath, entry.name))))
  const sizes = new Map(found.map(({ dev, ino, size }) => [`${dev} ${ino}`, size]))
  return [...sizes.values()].reduce((all, size) => all + size, 0)
}
