import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Manifest } from '#core/contract/manifest'

/** What a worker offers, read without running it: from its module, in a process of its own, or from a file. */

/** One level deep in the repository as in the package. */
const cli = fileURLToPath(new URL('../bin/taskurai.mjs', import.meta.url))
/** The program itself gives up after 20 s and says why; this is for when it cannot even do that. */
const mostMs = 30_000
const answerBytesMost = 16 * 1_048_576

export interface ManifestSource {
  readonly module?: string | undefined
  readonly manifest?: string | undefined
}

/** `undefined` where the worker is to register from inside its container. */
export function manifestFrom({ module, manifest }: ManifestSource): Manifest | undefined {
  if (module !== undefined && manifest !== undefined) {
    throw new Error(`addWorker: give either the module ${module} or the manifest ${manifest}`)
  }
  if (module !== undefined) return parse(module, askModule(module))
  if (manifest !== undefined) return parse(manifest, readText(manifest))
  return undefined
}

function askModule(module: string): string {
  const words = [cli, 'manifest', resolve(module)]
  const ended = spawnSync(process.execPath, words, {
    encoding: 'utf8',
    timeout: mostMs,
    killSignal: 'SIGKILL',
    maxBuffer: answerBytesMost,
    windowsHide: true,
  })
  if (ended.status === 0) return ended.stdout
  const why = ended.stderr?.trim() || ended.error?.message || `the process ended with ${ended.status ?? ended.signal}`
  throw new Error(`addWorker: the manifest of ${module} cannot be read. ${why}`)
}

function readText(path: string): string {
  try {
    return readFileSync(resolve(path), 'utf8')
  } catch (cause) {
    const how = 'write it with `taskurai manifest <module> -o <file>`'
    throw new Error(`addWorker: the manifest ${path} cannot be read; ${how}`, { cause })
  }
}

function parse(name: string, text: string): Manifest {
  let said: unknown
  try {
    said = JSON.parse(text)
  } catch (cause) {
    throw new Error(`addWorker: the manifest of ${name} is no JSON`, { cause })
  }
  const manifest = Manifest.safeParse(said)
  if (manifest.success) return manifest.data
  const issues = manifest.error.issues.map(({ path, message }) => `${path.join('.') || 'all of it'}: ${message}`)
  throw new Error(`addWorker: the manifest of ${name} is not one: ${issues.join('; ')}`)
}
