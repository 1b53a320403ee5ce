import { stat } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { limits } from '../../core/contract/limits.ts'
import type { When } from '../../core/contract/new-task.ts'
import type { Status } from '../../core/contract/task.ts'
import { wrongCall } from './exit.ts'
import { isStatus, statuses } from './show-task.ts'
import type { CliWorld } from './world.ts'

/** What people type, read into what the client takes; each refusal says how it should look. */

/** `order.confirm` or `order.confirm@2`. */
export function readCommandName(text: string): { readonly name: string; readonly version: number | undefined } {
  const at = text.lastIndexOf('@')
  if (at < 0) return { name: text, version: undefined }
  const version = text.slice(at + 1)
  if (at === 0 || !/^[1-9]\d{0,6}$/.test(version)) {
    throw wrongCall(`'${text}' is not a command: expected a name, or name@version as in order.confirm@2.`)
  }
  return { name: text.slice(0, at), version: Number(version) }
}

export interface NamedFile {
  readonly name: string
  readonly path: string
}

/** `path`, or `name=path`, repeated. A path that holds a `=` is given with a name. */
export async function readFiles(texts: readonly string[] = [], { cwd }: CliWorld): Promise<readonly NamedFile[]> {
  if (texts.length > limits.files) throw wrongCall(`A task comes with at most ${limits.files} files.`)
  const files = texts.map((text) => {
    const equals = text.indexOf('=')
    const path = resolve(cwd, text.slice(equals + 1))
    return { name: equals < 0 ? basename(path) : text.slice(0, equals), path }
  })
  for (const [index, { name, path }] of files.entries()) {
    if (files.findIndex((other) => other.name === name) < index) {
      throw wrongCall(`Two files are called '${name}': give one as name=path.`)
    }
    await refuseNoFile(path)
  }
  return files
}

/** Said before anything is sent. */
export async function refuseNoFile(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined)
  if (found === undefined) throw wrongCall(`There is no file ${path}.`)
  if (!found.isFile()) throw wrongCall(`${path} is no file.`)
}

/** `key=value`, repeated. */
export function readTags(pairs: readonly string[] | undefined): Record<string, string> | undefined {
  if (pairs === undefined || pairs.length === 0) return undefined
  const tags: [string, string][] = pairs.map((pair) => {
    const equals = pair.indexOf('=')
    if (equals <= 0) throw wrongCall(`The tag '${pair}' should be key=value.`)
    return [pair.slice(0, equals), pair.slice(equals + 1)]
  })
  return Object.fromEntries(tags)
}

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 }

/** `90s`, `10m`, `2h` or `1d` from now by the hub's clock, or an instant. */
export function readWhen(text: string | undefined, option: string): When | undefined {
  if (text === undefined) return undefined
  const [, number, unit = 's'] = /^(\d{1,9}(?:\.\d{1,3})?)([smhd])?$/.exec(text) ?? []
  if (number !== undefined) return { seconds: Number(number) * (unitSeconds[unit] ?? 1) }
  return readInstant(text, option, ', or a span as in 90s, 10m, 2h, 1d')
}

/** `90s`, `10m`, `2h` or `1d`, as whole seconds. */
export function readSpan(text: string | undefined, option: string): number | undefined {
  if (text === undefined) return undefined
  const [, number, unit = 's'] = /^(\d{1,9})([smhd])?$/.exec(text) ?? []
  if (number !== undefined) return Number(number) * (unitSeconds[unit] ?? 1)
  throw wrongCall(`${option} '${text}' should be a span as in 90s, 10m, 2h, 1d.`)
}

export function readInstant(text: string, option: string, or = ''): string {
  const time = /^\d{4}-\d\d/.test(text) ? Date.parse(text) : Number.NaN
  if (!Number.isNaN(time)) return new Date(time).toISOString()
  throw wrongCall(`${option} '${text}' should be an instant as in 2026-11-30T08:00:00Z${or}.`)
}

export function readNumber(text: string, range: { option: string; least: number; most: number }): number {
  const { option, least, most } = range
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (value >= least && value <= most) return value
  throw wrongCall(`${option} '${text}' should be a number from ${least} to ${most}.`)
}

export function readStatus(text: string): Status {
  if (isStatus(text)) return text
  throw wrongCall(`--status '${text}' should be one of ${statuses.join(', ')}.`)
}
