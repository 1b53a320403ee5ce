/**
 * Starts a node child whose disk is slow, broken or full, by the shim in disk-faults.c.
 *
 *   const build = await buildDiskFaults(folder)            // compiles; `{ ok: false, reason }` without a compiler
 *   const child = build.faults.spawnNode(['script.mjs'])   // the shim is in, the disk still well
 *   await faults.set('fdatasync.delay=400')                // from the next call on
 *   await faults.set('fdatasync.fail=5:1')                 // EIO once
 *   await faults.set('write.after=500000 dsync.fail=28:-1') // ENOSPC behind a byte of the file; and for every commit
 *   await faults.set('')                                   // well again
 */
import { type ChildProcess, execFile, type SpawnOptions, spawn } from 'node:child_process'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const source = fileURLToPath(new URL('./disk-faults.c', import.meta.url))
const compilers = ['cc', 'gcc', 'clang', 'g++']

/** Errno numbers for the rules. */
export const errno = { EIO: 5, ENOSPC: 28 } as const

/** A faulty disk for children of this test. */
export type DiskFaults = {
  /** Sets the rules for all children, running ones too; see disk-faults.c for the words. */
  set(rules: string): Promise<void>
  /** Starts node under the shim; say `--import tsx` in args where the script is TypeScript. */
  spawnNode(args: readonly string[], options?: SpawnOptions): ChildProcess
  /** How often each kind of call was made on watched files so far, e.g. `{ fdatasync: 3, dsync: 3 }`. */
  countCalls(): Promise<Readonly<Record<string, number>>>
  /** The environment that puts a process under the shim, for those who start it themselves. */
  readonly env: Readonly<Record<string, string>>
}

/** The shim built in `folder`, or why it could not be. */
export type DiskFaultsBuild =
  | { readonly ok: true; readonly faults: DiskFaults }
  | { readonly ok: false; readonly reason: string }

/** Compiles the shim into the test's own folder. Under CI a missing compiler is an error, elsewhere a reason to skip. */
export async function buildDiskFaults(folder: string): Promise<DiskFaultsBuild> {
  const library = join(folder, 'disk-faults.so')
  const reason = process.platform === 'linux' ? await compile(library) : 'the shim needs LD_PRELOAD of Linux'
  if (reason === undefined) return { ok: true, faults: withDiskFaults({ folder, library }) }
  if (process.env.CI === 'true' && process.platform === 'linux') throw new Error(`no disk faults under CI: ${reason}`)
  return { ok: false, reason }
}

/** The handle on a built shim; `match` says which paths it touches (part of the path, `.mdb` by default). */
export function withDiskFaults(env: {
  readonly folder: string
  readonly library: string
  readonly match?: string
}): DiskFaults {
  const control = join(env.folder, 'disk-faults.rules')
  const log = join(env.folder, 'disk-faults.log')
  const shimEnv = {
    LD_PRELOAD: env.library,
    DISK_FAULTS_CONTROL: control,
    DISK_FAULTS_LOG: log,
    ...(env.match === undefined ? {} : { DISK_FAULTS_MATCH: env.match }),
  }
  let sequence = 0
  return {
    env: shimEnv,
    // Renamed into place, so that no call reads half a rule; numbered, so that "once" can be told twice.
    set: async (rules) => {
      sequence += 1
      await writeFile(`${control}.new`, `${rules} #${sequence}`)
      await rename(`${control}.new`, control)
    },
    spawnNode: (args, options = {}) =>
      spawn(process.execPath, [...args], { ...options, env: { ...process.env, ...shimEnv } }),
    countCalls: async () => {
      const counts: Record<string, number> = {}
      for (const line of (await readFile(log, 'utf8')).split('\n')) {
        const kind = line.split(' ')[0]
        if (kind) counts[kind] = (counts[kind] ?? 0) + 1
      }
      return counts
    },
  }
}

async function compile(library: string): Promise<string | undefined> {
  for (const compiler of compilers) {
    // g++ must be told that the source is C.
    const args = ['-x', 'c', '-shared', '-fPIC', '-O1', '-o', library, source, '-ldl', '-lpthread']
    try {
      await run(compiler, args)
      return undefined
    } catch (cause) {
      if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') continue
      throw new Error(`${compiler} could not build the disk fault shim`, { cause })
    }
  }
  return `no C compiler found (${compilers.join(', ')})`
}
