import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { wrongCall } from '../exit.ts'
import { explain } from '../help.ts'
import { createOutput, type Output } from '../output.ts'
import { type Session, withJson } from '../session.ts'
import { renderPairs, renderTable } from '../table.ts'
import type { CliWorld } from '../world.ts'
import { findModule, notHere } from './hub.ts'

interface ManifestFlags {
  readonly json?: boolean
  readonly out?: string
  readonly short?: boolean
}

export function addManifest(program: Command, session: Session): void {
  const { world } = session
  const command = program
    .command('manifest')
    .argument('<module>', 'a module whose default export is a worker')
    .option('-o, --out <file>', 'write the JSON to a file')
    .option('--short', 'a table of its commands for people, instead of the JSON')
    .action(async (name: string, flags: ManifestFlags) => {
      const manifest = await manifestOf(world, findModule(world, name))
      const output = createOutput(world, flags.json === true)
      if (flags.out !== undefined) return write(world, output, { manifest, out: flags.out })
      await (flags.short === true && !output.isJson
        ? output.print(shortOf(manifest, output))
        : output.printJson(manifest))
    })
  explain(withJson(command), {
    summary: 'print what a worker module offers, as JSON',
    about: `Loads a worker module in a process of its own, runs none of its commands, and prints its manifest: name, commands
with their schemas, concurrency, scale. What cannot be loaded is told in words, with exit code 2.`,
    examples: [
      ['taskurai manifest worker.ts', 'the whole of it'],
      ['taskurai manifest worker.ts --short', 'what it offers, at a glance'],
      ['taskurai manifest worker.ts -o manifest.json', 'for a build'],
    ],
  })
}

export async function manifestOf(world: CliWorld, module: string): Promise<unknown> {
  if (world.manifest === undefined) throw notHere('manifest')
  const read = await world.manifest()
  const outcome = await read(module)
  if (!outcome.ok) throw wrongCall(outcome.message)
  return outcome.manifest
}

async function write(
  { cwd }: CliWorld,
  output: Output,
  { manifest, out }: { readonly manifest: unknown; readonly out: string },
): Promise<void> {
  const path = resolve(cwd, out)
  try {
    await writeFile(path, `${JSON.stringify(manifest, undefined, 2)}\n`)
  } catch (error) {
    throw wrongCall(`${path} cannot be written: ${error instanceof Error ? error.message : String(error)}`)
  }
  await (output.isJson ? output.printJson({ path }) : output.print(path))
}

function shortOf(manifest: unknown, { width }: Output): string {
  const { name, commands, concurrency, scaling } = fieldsOf(manifest)
  const { min, max } = fieldsOf(scaling)
  const rows = (Array.isArray(commands) ? commands : []).map((each) => {
    const command = fieldsOf(each)
    const { maxRuns } = fieldsOf(command.retry)
    const timeout = command.timeoutSeconds === undefined ? '' : `${command.timeoutSeconds} s`
    return [`${command.name}@${command.version ?? 1}`, text(maxRuns), timeout, inputsOf(command.input)]
  })
  const columns = [
    { title: 'COMMAND', least: 14 },
    { title: 'RUNS', right: true },
    { title: 'TIMEOUT' },
    { title: 'INPUT' },
  ]
  const head = renderPairs([
    ['worker', text(name)],
    ['concurrency', text(concurrency)],
    ['instances', `${text(min)} to ${text(max)}`],
  ])
  return `${head}\n\n${renderTable({ columns, rows, width }).text}`
}

/** The names of what it takes; those that may be left out with a question mark. */
function inputsOf(schema: unknown): string {
  const { properties, required } = fieldsOf(schema)
  const needed = new Set(Array.isArray(required) ? required : [])
  return Object.keys(fieldsOf(properties))
    .map((name) => (needed.has(name) ? name : `${name}?`))
    .join(', ')
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

function text(value: unknown): string {
  return value === undefined ? '' : String(value)
}
