import { ApiError } from '#core/contract/errors'
import { limits } from '#core/contract/limits'
import type { NewTask } from '#core/contract/new-task'
import { reservedFiles } from '#core/contract/reserved-files'
import type { HeldFile } from '#core/files/held-file'
import { type FileAsk, lookUpFiles } from '#core/files/hold'
import { readPayload } from '#core/files/payload'
import type { World } from '#core/world'
import { refusal } from './field-issues.ts'
import { parseJson } from './parse-json.ts'

/** The files that new tasks name, and arguments that came as one. */

export function namesFiles(task: NewTask): boolean {
  return task.argumentsPayload !== undefined || (task.files !== undefined && task.files.length > 0)
}

export function filesAsked({ files = [], argumentsPayload }: NewTask): readonly FileAsk[] {
  if (argumentsPayload === undefined) return files
  return [...files, { name: reservedFiles.arguments, payload: argumentsPayload }]
}

export interface FileCheck {
  readonly task: NewTask
  readonly by: string
  /** Where the task stands in the request. */
  readonly at: string
  /** Of a sub task. */
  readonly parentId?: string | undefined
}

/** What the task's files are, or an ApiError that names the place at fault. */
export async function checkFiles(world: World, { task, by, at, parentId }: FileCheck): Promise<readonly HeldFile[]> {
  if (task.argumentsPayload !== undefined && task.arguments !== undefined) {
    throw refusal('invalid', [
      { field: `${at}/argumentsPayload`, message: 'stands beside arguments: give one of them' },
    ])
  }
  const outcome = await lookUpFiles(world, { taskId: '', by, parentId }, filesAsked(task))
  if (outcome.kind === 'files') return outcome.files
  throw refusal('invalid', [{ field: fieldOf(task, outcome.index, at), message: outcome.message }])
}

export function fieldOf({ files = [] }: NewTask, index: number, at: string): string {
  return index < files.length ? `${at}/files/${index}/payload` : `${at}/argumentsPayload`
}

/** The arguments themselves, for the command's schema to look at. */
export async function readArguments(world: World, file: HeldFile, at: string): Promise<unknown> {
  const field = `${at}/argumentsPayload`
  if (file.size > limits.apartBytes) {
    const message = `has ${file.size} bytes, at most ${limits.apartBytes} (limit apartBytes)`
    throw new ApiError('too-large', `${field} ${message}`, { issues: [{ field, message }] })
  }
  const bytes = await world.blobs?.get(file.payload)
  if (bytes === undefined) throw refusal('invalid', [{ field, message: 'its bytes are gone' }])
  const text = new Uint8Array(file.size)
  let length = 0
  for await (const chunk of bytes) {
    text.set(chunk, length)
    length += chunk.byteLength
  }
  try {
    return parseJson(text)
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    throw new ApiError(error.code, `${field}: ${error.message}`, { issues: [{ field, message: error.message }] })
  }
}

/**
 * How these fields count in the hash of a request: by what was uploaded, not by the payload that holds it, since a
 * caller who makes the same call again may have uploaded the same bytes again.
 */
export function hashedFiles(task: NewTask, files: readonly HeldFile[]): Readonly<Record<string, string>> {
  const texts = files.map(({ name, sha256 }) => JSON.stringify([name, sha256]))
  const given = task.files?.length ?? 0
  return {
    ...(task.files === undefined ? {} : { files: `[${texts.slice(0, given).join()}]` }),
    ...(task.argumentsPayload === undefined ? {} : { argumentsPayload: texts[given] ?? '' }),
  }
}

/** The same of payloads that may not be named any more: a call made again after a while still finds its task. */
export async function hashedLater(world: World, task: NewTask): Promise<Readonly<Record<string, string>> | undefined> {
  if (!namesFiles(task)) return undefined
  const payloads = await Promise.all(filesAsked(task).map(({ payload }) => readPayload(world, payload)))
  const files = filesAsked(task).map(({ name, payload }, index) => {
    const { sha256 = '', size = 0, contentType = '' } = payloads[index] ?? {}
    return { name, payload, sha256, size, contentType }
  })
  return hashedFiles(task, files)
}
