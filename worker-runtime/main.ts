import type { Manifest } from '#core/contract/manifest'
import { loadWorkerModule } from './load-module.ts'
import { type RunWorkerOptions, runWorker } from './run-worker.ts'
import { toManifest } from './worker.ts'

/** What `taskurai work` and a container do: one instance of the worker that a module defines. */

export type Env = Readonly<Record<string, string | undefined>>

/** Exit code of a module that is no worker module. */
const badModuleCode = 2

/** Runs an instance to its end and answers its exit code. Messages for people go to stderr. */
export async function workModule(
  module: string,
  env: Env = process.env,
  options: RunWorkerOptions = {},
): Promise<number> {
  surviveClosedPipes()
  const loaded = await loadWorkerModule(module)
  if (!loaded.ok) {
    process.stderr.write(`taskurai: ${loaded.message}\n`)
    return badModuleCode
  }
  const exit = await runWorker(loaded.definition, { ...options, env })
  if (exit.code !== 0) process.stderr.write(`taskurai: worker ${loaded.definition.name} ends: ${exit.message}\n`)
  return exit.code
}

export type ManifestOutcome =
  | { readonly ok: true; readonly manifest: Manifest }
  | { readonly ok: false; readonly stage: 'import' | 'export' | 'schema'; readonly message: string }

/** The manifest of a worker module, made in this process. See `readManifest` for a child that may hang or exit. */
export async function manifestOfModule(module: string): Promise<ManifestOutcome> {
  const loaded = await loadWorkerModule(module)
  if (!loaded.ok) return loaded
  try {
    return { ok: true, manifest: toManifest(loaded.definition) }
  } catch (error) {
    return { ok: false, stage: 'schema', message: error instanceof Error ? error.message : String(error) }
  }
}

/** Whoever started this instance may be gone while its runs go on: what nobody reads must not end them. */
function surviveClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
    })
  }
}
