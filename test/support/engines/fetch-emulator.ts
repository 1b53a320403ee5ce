import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/**
 * AWS's own DynamoDB Local, fetched when a test first wants it (docs/engines.md says what it is and under which terms).
 * It lies inside an npm package of somebody else's; that one file is fetched by npm, so that whoever has a registry of
 * his own gets it from there, and used only if it is the very file that this repository was tested with.
 */

const run = promisify(execFile)
const packed = 'amplify-dynamodb-simulator@2.9.30'
const integrity = 'xTeeRLvzEfqyd5lh3bH4c0kHvSHHmmhD5ZDsHFKAQ5g2Zl6JqlFdutaQhCLHzxEp6Ry1o7TB6niIoXuQAnSewQ=='
const fetchMostMs = 180_000

const cache = fileURLToPath(new URL('../../../node_modules/.cache/taskurai/', import.meta.url))
const kept = join(cache, 'dynamodb-local-2.9.30')
const source = fileURLToPath(new URL('./loopback.c', import.meta.url))

export interface Emulator {
  /** The folder with the jar and its libraries. */
  readonly folder: string
  /** The shim that makes it listen on this machine alone; see loopback.c. */
  readonly shim: string
}

/** Whoever comes second finds it whole or fetches it too: a folder appears at its place in one step. */
export async function fetchEmulator(): Promise<Emulator> {
  const emulator = { folder: join(kept, 'emulator'), shim: join(kept, 'loopback.so') }
  if (existsSync(kept)) return emulator
  await mkdir(cache, { recursive: true })
  const aside = await mkdtemp(join(cache, 'fetching-'))
  try {
    await run('npm', ['pack', packed, '--pack-destination', aside, '--ignore-scripts', '--silent'], {
      cwd: aside,
      timeout: fetchMostMs,
    })
    const file = join(aside, 'amplify-dynamodb-simulator-2.9.30.tgz')
    const hash = createHash('sha512')
      .update(await readFile(file))
      .digest('base64')
    if (hash !== integrity) throw new Error(`${packed} is not the file that it was: sha512 ${hash}`)
    await run('tar', ['-xzf', file, '-C', aside, '--strip-components=1', 'package/emulator'])
    await run('cc', ['-shared', '-fPIC', '-O1', '-o', join(aside, 'loopback.so'), source, '-ldl'])
    await rm(file)
    await rename(aside, kept).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
    })
    return emulator
  } finally {
    await rm(aside, { recursive: true, force: true })
  }
}
