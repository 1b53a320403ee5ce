import { readFile, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { limits } from '../../core/contract/limits.ts'
import { wrongCall } from './exit.ts'
import type { CliWorld } from './world.ts'

/** JSON that people hand over: on the command line, in a file, or by standard input. */

const howToQuote = `Quote it for the shell as in '{"orderId":"10248"}', or give`

/** The arguments themselves, `@file`, or `-` for standard input; undefined where none were given. */
export async function readArguments(text: string | undefined, world: CliWorld): Promise<unknown> {
  if (text === undefined) return undefined
  const how = `${howToQuote} @file, or - to read it from standard input.`
  if (text === '-' || text.startsWith('@')) return readJsonFile(text === '-' ? text : text.slice(1), world, how)
  return parseJson(text, 'The arguments', how)
}

/** What goes with a signal: undefined where nothing does. */
export async function readData(
  { data, dataFile }: { readonly data?: string; readonly dataFile?: string },
  world: CliWorld,
): Promise<unknown> {
  if (data !== undefined && dataFile !== undefined) throw wrongCall('Give --data or --data-file, and not both.')
  if (dataFile !== undefined) return readJsonFile(dataFile, world)
  return data === undefined ? undefined : parseJson(data, 'The data', `${howToQuote} --data-file.`)
}

/** A file, or `-` for standard input. */
export async function readJsonFile(name: string, { cwd, stdin }: CliWorld, how?: string): Promise<unknown> {
  if (name === '-') return parseJson(await readAll(stdin), 'What came by standard input', how)
  const path = resolve(cwd, name)
  try {
    if ((await stat(path)).size > limits.bodyBytes) throw tooLong(path)
    return parseJson(await readFile(path, 'utf8'), path, how)
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error
    throw wrongCall(`${path} cannot be read: ${error.message}.`)
  }
}

function parseJson(text: string, what: string, how?: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw wrongCall(`${what} cannot be read as JSON: ${why}.${how === undefined ? '' : `\n${how}`}`)
  }
}

async function readAll(stdin: CliWorld['stdin']): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of stdin) {
    const buffer = Buffer.from(chunk)
    bytes += buffer.length
    if (bytes > limits.bodyBytes) throw tooLong('What came by standard input')
    chunks.push(buffer)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function tooLong(what: string): Error {
  return wrongCall(`${what} is longer than the ${limits.bodyBytes} bytes that a request may have.`)
}
