import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { isWorkerDefinition, type WorkerDefinition } from './worker.ts'

/** A worker module is one whose default export is a worker definition. */

export type Loaded =
  | { readonly ok: true; readonly definition: WorkerDefinition }
  /** The module itself failed; `wantsLoader` where it may be TypeScript that Node cannot load by itself. */
  | { readonly ok: false; readonly stage: 'import'; readonly message: string; readonly wantsLoader: boolean }
  /** It loaded, but is no worker module. */
  | { readonly ok: false; readonly stage: 'export'; readonly message: string }

const namesTold = 10

/** @param module a path (from the working directory), a `file:` URL, or the name of a package found from there */
export async function loadWorkerModule(module: string): Promise<Loaded> {
  let exported: object
  try {
    const loaded: unknown = await import(addressOf(module))
    exported = Object(loaded)
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    const message = `${module} threw while it was imported: ${text}`
    return { ok: false, stage: 'import', message, wantsLoader: speaksOfLoading(error) }
  }
  const found = 'default' in exported ? exported.default : undefined
  // TypeScript in a package without "type": "module" is loaded as CommonJS, which wraps the default once more.
  const inner = typeof found === 'object' && found !== null && 'default' in found ? found.default : found
  if (isWorkerDefinition(inner)) return { ok: true, definition: inner }
  return { ok: false, stage: 'export', message: `${module} ${shown(exported, found)}. ${advice}` }
}

/** From here on this process imports and requires TypeScript, with all that TypeScript can do. */
export async function loadTypeScript(): Promise<void> {
  const [forImport, forRequire] = await Promise.all([import('tsx/esm/api'), import('tsx/cjs/api')])
  forRequire.register()
  forImport.register()
}

const loadingCodes = /^(?:ERR_)?(?:MODULE_NOT_FOUND|UNKNOWN_FILE_EXTENSION|UNSUPPORTED_\w+|INVALID_TYPESCRIPT_SYNTAX)$/

/** Whether an import failed over how a module is written, or over what it asks of Node's own resolution. */
function speaksOfLoading(error: unknown): boolean {
  if (error instanceof SyntaxError || error instanceof ReferenceError) return true
  return error instanceof Error && 'code' in error && loadingCodes.test(String(error.code))
}

const advice = 'A worker module has `export default defineWorker({ name, commands })`.'

function addressOf(module: string): string {
  if (module.startsWith('file:')) return module
  const path = resolve(module)
  if (/^\.{0,2}[/\\]/.test(module) || existsSync(path)) return pathToFileURL(path).href
  try {
    return pathToFileURL(createRequire(resolve('worker.js')).resolve(module)).href
  } catch {
    return module
  }
}

function shown(exported: object, found: unknown): string {
  const names = Object.keys(exported).filter((name) => name !== 'default' && name !== 'module.exports')
  const others = names.length === 0 ? 'nothing else' : names.slice(0, namesTold).join(', ')
  if (found === undefined) return `has no default export (it exports ${others})`
  if (typeof found !== 'object' || found === null) return `has a ${typeof found} as its default export`
  if (found instanceof Promise) return 'has a promise as its default export; write `export default await …`'
  if (Array.isArray(found)) return 'has a list as its default export; a module defines one worker'
  if ('kind' in found && found.kind === 'command') return 'has a command as its default export, not a worker'
  const keys = Object.keys(found).slice(0, namesTold).join(', ')
  return `has an object with ${keys === '' ? 'no fields' : keys} as its default export, not a worker definition`
}
