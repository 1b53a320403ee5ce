import type { Manifest } from '#core/contract/manifest'
import { asDeployed } from './as-deployed.ts'
import { type CheckOutcome, checkInstance } from './check-instance.ts'
import { exitCodes } from './link.ts'
import { type Loaded, loadTypeScript, loadWorkerModule } from './load-module.ts'
import { type RunWorkerOptions, runWorker } from './run-worker.ts'
import { toManifest, type WorkerDefinition } from './worker.ts'

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
  const definition = deployed(loaded.definition, env)
  if (definition === undefined) return exitCodes['bad-environment']
  if (isAsked(env.TASKURAI_CHECK)) return tellCheck(definition, await checkInstance(definition, env))
  const exit = await runWorker(definition, { ...options, env })
  if (exit.code !== 0) process.stderr.write(`taskurai: worker ${definition.name} ends: ${exit.message}\n`)
  return exit.code
}

function deployed(definition: WorkerDefinition, env: Env): WorkerDefinition | undefined {
  try {
    return asDeployed(definition, env)
  } catch (error) {
    process.stderr.write(`taskurai: worker ${definition.name}: ${error instanceof Error ? error.message : error}\n`)
    return undefined
  }
}

/** An empty variable is none: templates leave them so. */
function isAsked(variable: string | undefined): boolean {
  return variable !== undefined && variable !== '' && variable !== '0'
}

function tellCheck({ name }: WorkerDefinition, check: CheckOutcome): number {
  if (check.ok) process.stdout.write(`worker ${name} is well: ${check.seen.join(', ')}\n`)
  else process.stderr.write(`taskurai: worker ${name} cannot run here: ${check.message}\n`)
  return check.ok ? 0 : exitCodes[check.why]
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
