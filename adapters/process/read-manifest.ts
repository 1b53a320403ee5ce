import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { z } from 'zod'
import { Manifest } from '#core/contract/manifest'
import { sharedMonotonicMs } from './monotonic.ts'
import { createOutputLines } from './output-lines.ts'

/** Reads a worker module's manifest in a child process: what the module does at import stays there. */

export type ManifestRead =
  | { readonly ok: true; readonly manifest: Manifest }
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

const Answer = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), manifest: Manifest }),
  z.object({ ok: z.literal(false), message: z.string() }),
])

export async function readManifest(module: string, options: ReadManifestOptions = {}): Promise<ManifestRead> {
  const { mostMs = mostMsDefault } = options
  const child = spawn(process.execPath, [...entryArguments(), module], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    windowsHide: true,
    env: { ...(options.env ?? process.env) },
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
  const ended = await new Promise<{ code: number | null; signal: NodeJS.Signals | null; error?: Error }>((resolve) => {
    child.once('error', (error) => resolve({ code: null, signal: null, error }))
    child.once('close', (code, signal) => resolve({ code, signal }))
  })
  clearTimeout(timer)

  const fail = (message: string): ManifestRead => ({ ok: false, message: `${message}${printed(output.last())}` })
  if (ended.error !== undefined) return fail(`No process for ${module}: ${ended.error.message}`)
  if (hung) return fail(`${module} was still being imported after ${mostMs / 1_000} s: it must only define its worker`)
  if (tooLong) return fail(`The manifest of ${module} is larger than ${answerCharsMost} characters`)
  if (text !== '') return answerOf(module, text, fail)
  if (ended.signal !== null) return fail(`${module} was ended by ${ended.signal} while it was imported`)
  if (ended.code === unsettledCode) return fail(`${module} has a top-level await that never settles`)
  return fail(`${module} ended its process with code ${ended.code} while it was imported`)
}

function answerOf(module: string, text: string, fail: (message: string) => ManifestRead): ManifestRead {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return fail(`${module} wrote into the answer of its manifest`)
  }
  const answer = Answer.safeParse(parsed)
  if (!answer.success) return fail(`The manifest of ${module} is not one: ${z.prettifyError(answer.error)}`)
  // What the child says of the module says it all; what the module printed would only be in its way.
  return answer.data.ok ? answer.data : { ok: false, message: answer.data.message }
}

/** As TypeScript the child brings its own loader, compiled it needs none. */
function entryArguments(): readonly string[] {
  const isTypeScript = import.meta.url.endsWith('.ts')
  const entry = new URL(`../../worker-runtime/manifest-child.${isTypeScript ? 'ts' : 'js'}`, import.meta.url)
  if (!isTypeScript) return [fileURLToPath(entry)]
  const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
  return ['--import', loader, fileURLToPath(entry)]
}

function printed(lines: readonly string[]): string {
  return lines.length === 0 ? '' : `. The last it printed:\n${lines.slice(-linesShown).join('\n')}`
}
