import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * A folder for the files of one run. Its name tells whose it is, so that folders of instances that were killed in the
 * middle of a run are removed by the next one. The host's name is in it since containers may share a folder, but not
 * the numbers of their processes.
 */

let swept: Promise<void> | undefined

export async function makeRunFolder(): Promise<string> {
  swept ??= sweepFolders().catch(() => undefined)
  await swept
  return mkdtemp(join(tmpdir(), `${prefix()}${process.pid}-`))
}

function prefix(): string {
  return `taskurai-run-${hostname().replaceAll(/[^\w.-]/g, '_')}-`
}

async function sweepFolders(): Promise<void> {
  const own = prefix()
  for (const name of await readdir(tmpdir())) {
    const pid = name.startsWith(own) ? Number(/^(\d+)-/.exec(name.slice(own.length))?.[1] ?? Number.NaN) : Number.NaN
    if (Number.isNaN(pid) || isAlive(pid)) continue
    // A folder of another user stays: it is theirs to remove.
    await rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => undefined)
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
