import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Transfers } from '#client/transfers'
import { FileName, type NewResultFile, type TaskFile } from '#core/contract/files'
import { limits } from '#core/contract/limits'
import { reservedFiles } from '#core/contract/reserved-files'
import type { Task } from '#core/contract/task'
import type { LocalFile, TaskFiles } from './context.ts'
import { TaskFailure } from './failure.ts'
import { makeRunFolder } from './run-folder.ts'

/** The files of one run: what its handler sees of them, and what the runtime itself needs. */
export interface RunFiles extends TaskFiles {
  /** The arguments, where they lie apart. */
  readonly fetchArguments: () => Promise<unknown>
  /** Keeps an output that is too large for a message apart; answers its payload's id. */
  readonly keepOutput: (json: string) => Promise<string>
  /** The result of a step, or the output of a sub task, where it lies apart. */
  readonly fetchJson: (taskId: string, name: string) => Promise<unknown>
  /** What was put, for the end of the run. */
  readonly results: () => readonly NewResultFile[]
  /** Ends what is under way: the run is to stop. */
  readonly abort: (reason: unknown) => void
  /** The run is over: its folder goes. Never rejects. */
  readonly close: () => Promise<void>
}

export interface RunFilesOptions {
  readonly task: Pick<Task, 'id' | 'files'>
  /** Loaded with the first file: most runs have none. */
  readonly transfers: () => Promise<Transfers>
}

/** A download that breaks off is begun again. */
const downloadsMost = 3

export function createRunFiles({ task, transfers }: RunFilesOptions): RunFiles {
  const inputs = task.files ?? []
  const results = new Map<string, NewResultFile>()
  const stopping = new AbortController()
  const { signal } = stopping
  let folder: Promise<string> | undefined
  let parts = 0

  const ownFolder = (): Promise<string> => {
    folder ??= makeRunFolder()
    return folder
  }

  const fetchTo = async (file: TaskFile, path: string): Promise<LocalFile> => {
    const part = `${path}.part${++parts}`
    try {
      const { stream } = await (await transfers()).download(task.id, file.name, { signal })
      await pipeline(stream, createWriteStream(part), { signal })
      // Whoever finds the file finds all of it.
      await rename(part, path)
    } catch (error) {
      await rm(part, { force: true })
      signal.throwIfAborted()
      throw error
    }
    return { ...file, path }
  }

  const get: RunFiles['get'] = async (name, { to } = {}) => {
    const file = inputs.find((input) => input.name === name)
    if (file === undefined) throw noSuchFile(name, inputs)
    const path = to === undefined ? join(await ownFolder(), nameOf(name)) : resolve(to)
    for (let tried = 1; ; tried++) {
      try {
        return await fetchTo(file, path)
      } catch (error) {
        if (tried === downloadsMost || !isBrokenOff(error)) throw error
      }
    }
  }

  /** A stream has no length before its end, and the hub wants to know it before the first byte. */
  const spooled = async (source: Readable): Promise<string> => {
    const path = join(await ownFolder(), `.put${++parts}`)
    await pipeline(source, createWriteStream(path), { signal })
    return path
  }

  const put: RunFiles['put'] = async (name, source, options = {}) => {
    nameOf(name)
    if (inputs.some((input) => input.name === name)) {
      throw new TypeError(`The task came with a file of the name ${name}: call the one of the result something else.`)
    }
    if (!results.has(name) && results.size >= limits.files) {
      throw new TypeError(`A result has at most ${limits.files} files (limit files); ${name} would be one more.`)
    }
    const { contentTypeOf, upload } = await loaded(transfers)
    const path = source instanceof Readable ? await spooled(source) : undefined
    try {
      const asked = { contentType: options.contentType ?? contentTypeOf(name), taskId: task.id, signal }
      const payload = await upload(path ?? (source as string | Uint8Array), asked)
      const shown = options.public === true ? ({ public: true } as const) : {}
      results.set(name, { name, payload: payload.id, ...shown })
      const { size, sha256, contentType } = payload
      return { name, size, sha256, contentType, ...shown }
    } finally {
      if (path !== undefined) await rm(path, { force: true })
    }
  }

  return {
    get,
    put,
    list: () => inputs,
    fetchArguments: async () => (await transfers()).downloadJson(task.id, reservedFiles.arguments, { signal }),
    fetchJson: async (taskId, name) => (await transfers()).downloadJson(taskId, name, { signal }),
    keepOutput: async (json) => {
      const asked = { contentType: 'application/json', taskId: task.id, signal }
      const { id } = await (await transfers()).upload(Buffer.from(json), asked)
      return id
    },
    results: () => [...results.values()],
    abort: (reason) => stopping.abort(reason),
    close: async () => {
      // A put that nobody awaited is no part of the result.
      stopping.abort(new Error('the run is over'))
      await folder?.then((path) => rm(path, { recursive: true, force: true })).catch(() => undefined)
    },
  }
}

async function loaded(transfers: () => Promise<Transfers>) {
  const [{ contentTypeOf }, { upload }] = await Promise.all([import('#client/content-types'), transfers()])
  return { contentTypeOf, upload }
}

function nameOf(name: string): string {
  const parsed = FileName.safeParse(name)
  if (parsed.success) return parsed.data
  throw new TypeError(`'${name}' is no name of a file: ${parsed.error.issues[0]?.message ?? 'it is malformed'}.`)
}

function noSuchFile(name: string, inputs: readonly TaskFile[]): TaskFailure {
  const names = inputs.length === 0 ? 'none' : inputs.map((input) => input.name).join(', ')
  const detail = `The task has no input file '${name}'; it has ${names}`
  return new TaskFailure(detail, { code: 'no-such-file', retryable: false })
}

/** A connection that broke in the middle, as opposed to a refusal or a full disk. */
function isBrokenOff(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false
  return error.code === 'bad-answer' || error.code === 'ECONNRESET' || error.code === 'ERR_STREAM_PREMATURE_CLOSE'
}
