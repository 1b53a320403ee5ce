import type { Manifest } from '#core/contract/manifest'
import { type Loaded, loadTypeScript, loadWorkerModule } from './load-module.ts'
import { type RunWorkerOptions, runWorker } from './run-worker.ts'
import { toManifest } from './worker.ts'

/** What an instance of a hub, `taskurai work` and a container do: one instance of the worker that a module defines. */

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

/** `taskurai work`: one instance started by hand, in this process, where a debugger finds it. */
export async function workByHand(module: string, env: Env): Promise<number> {
  // No manifest was read before that would tell whether Node alone is enough. As sources, this package itself was loaded
  // by what loads TypeScript.
  const isCompiled = !import.meta.url.endsWith('.ts')
  if (isCompiled && /\.[cm]?tsx?$/.test(module)) await loadTypeScript()
  return workModule(module, env)
}

export type ManifestOutcome =
  | { readonly ok: true; readonly manifest: Manifest }
  | Exclude<Loaded, { readonly ok: true }>
  | { readonly ok: false; readonly stage: 'schema'; readonly message: string }

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
