import { spawn } from 'node:child_process'
import type { Manifest } from '#core/contract/manifest'
import { sharedMonotonicMs } from './monotonic.ts'
import { createOutputLines } from './output-lines.ts'
import { compileCache, likelyLoader, type ModuleLoader, ownProgram } from './own-program.ts'

/** Reads a worker module's manifest in a child process: what the module does at import stays there. */

export type ManifestRead =
  /** `loader` is what it took to import the module, and what its instances need. */
  | { readonly ok: true; readonly manifest: Manifest; readonly loader: ModuleLoader }
  | { readonly ok: false; readonly message: string }

export interface ReadManifestOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly mostMs?: number
}

const mostMsDefault = 20_000
const answerCharsMost = 16 * 1_048_576
const linesShown = 8
/** Node's own exit code when a top-level await never settles. */
const unsettledCode = 13

export async function readManifest(module: string, options: ReadManifestOptions = {}): Promise<ManifestRead> {
  const likely = likelyLoader(module)
  const { wantsLoader, ...read } = await readWith(likely, module, options)
  // Node strips types and does no more: extensions left out, enums or imports of mere types are work for a loader. In a
  // process of its own, since an import that failed is remembered.
  const outcome = wantsLoader && likely === 'node' ? await readWith('tsx', module, options) : read
  return outcome.ok ? outcome : { ok: false, message: outcome.message }
}

type Attempt = ManifestRead & { readonly wantsLoader?: boolean }

async function readWith(loader: ModuleLoader, module: string, options: ReadManifestOptions): Promise<Attempt> {
  const { mostMs = mostMsDefault } = options
  const child = spawn(process.execPath, ownProgram('manifest-child', { module, loader }), {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    windowsHide: true,
    env: { ...compileCache(), ...(options.env ?? process.env) },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  })
  const output = createOutputLines(() => {}, sharedMonotonicMs)
  if (child.stdout !== null) output.watch(child.stdout)
  if (child.stderr !== null) output.watch(child.stderr)
  let text = ''
  let tooLong = false
  const answers = child.stdio[3]
  if (answers !== null && answers !== undefined && 'setEncoding' in answers) {
    answers.setEncoding('utf8')
    answers.on('error', () => {})
    answers.on('data', (chunk: string) => {
      if (text.length + chunk.length <= answerCharsMost) text += chunk
      else tooLong = true
    })
  }
  let hung = false
  const timer = setTimeout(() => {
    hung = true
    child.kill('SIGKILL')
  }, mostMs)
  // Loaded while the child works: what checks its answer takes as long to load as the child to start.
  const parsing = import('./manifest-answer.ts')
  const ended = await new Promise<{ code: number | null; signal: NodeJS.Signals | null; error?: Error }>((resolve) => {
    child.once('error', (error) => resolve({ code: null, signal: null, error }))
    child.once('close', (code, signal) => resolve({ code, signal }))
  })
  clearTimeout(timer)

  const fail = (message: string): Attempt => ({ ok: false, message: `${message}${printed(output.last())}` })
  if (ended.error !== undefined) return fail(`No process for ${module}: ${ended.error.message}`)
  if (hung) return fail(`${module} was still being imported after ${mostMs / 1_000} s: it must only define its worker`)
  if (tooLong) return fail(`The manifest of ${module} is larger than ${answerCharsMost} characters`)
  if (text !== '') {
    const answer = (await parsing).parseAnswer(module, text)
    // What the child says of the module says it all; what the module printed would only be in its way.
    if (answer.ok === undefined) return fail(answer.message)
    return answer.ok ? { ...answer, loader } : answer
  }
  if (ended.signal !== null) return fail(`${module} was ended by ${ended.signal} while it was imported`)
  if (ended.code === unsettledCode) return fail(`${module} has a top-level await that never settles`)
  return fail(`${module} ended its process with code ${ended.code} while it was imported`)
}

function printed(lines: readonly string[]): string {
  return lines.length === 0 ? '' : `. The last it printed:\n${lines.slice(-linesShown).join('\n')}`
}
