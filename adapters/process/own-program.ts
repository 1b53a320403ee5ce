import nodeModules, { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** How this package starts a process of its own that imports a worker module: all the words after `node`. */

/** `tsx` where Node cannot load the module by itself; `node` where it can. */
export type ModuleLoader = 'node' | 'tsx'

/** Compiled, all files lie in one folder; as sources each is where it belongs, and needs the loader itself. */
const isSource = import.meta.url.endsWith('.ts')

export interface ModuleToRun {
  readonly module: string
  readonly loader: ModuleLoader
}

/**
 * Compiled, the program registers the loader itself, once its own code is there: what went through tsx would take longer.
 *
 * @example spawn(process.execPath, [...ownProgram('instance-child', { module: '/app/worker.ts', loader: 'tsx' })])
 */
export function ownProgram(name: 'manifest-child' | 'instance-child', { module, loader }: ModuleToRun) {
  const flags = childFlags(process.execArgv)
  if (!isSource) return [...flags, pathOf(`./${name}.js`), module, loader]
  return [...flags, '--import', addressOfTsx(), pathOf(`../../worker-runtime/${name}.ts`), module]
}

/** Where this process keeps compiled code (Node 22.1 and later), its children do too: each starts faster than the first. */
export function compileCache(): Readonly<Record<string, string>> {
  const tell: unknown = Reflect.get(nodeModules, 'getCompileCacheDir')
  const folder: unknown = typeof tell === 'function' ? tell() : undefined
  // It names the folder of this version of Node, inside of the one that was asked for.
  return typeof folder === 'string' ? { NODE_COMPILE_CACHE: dirname(folder) } : {}
}

function pathOf(file: string): string {
  return fileURLToPath(new URL(file, import.meta.url))
}

/** What a module most likely needs, by its name and by what this Node can do (from 22.18 on it strips types itself). */
export function likelyLoader(module: string): ModuleLoader {
  if (isSource || /\.[jt]sx$/.test(module)) return 'tsx'
  const stripsTypes = 'typescript' in process.features && Boolean(process.features.typescript)
  return /\.[cm]?ts$/.test(module) && !stripsTypes ? 'tsx' : 'node'
}

function addressOfTsx(): string {
  return pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
}

/** Flags that mean this process alone: its program, debugger, tests, and its own room for short-lived objects. */
const notForChildren =
  /^(?:-[ceip]|-pe|--(?:eval|print|check|interactive|input-type|inspect|test|watch)\b.*|--.*(?:semi-space|scavenge).*)$/

/** The flags of this process that its children share: loaders, conditions, instrumentation. */
export function childFlags(flags: readonly string[]): readonly string[] {
  const shared: string[] = []
  let isShared = true
  for (const word of flags) {
    // A word without a dash is the value of the flag before it.
    if (word.startsWith('-')) isShared = !notForChildren.test(word)
    if (isShared) shared.push(word)
  }
  return shared
}
