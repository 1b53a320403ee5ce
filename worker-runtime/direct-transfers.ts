import { createReadStream } from 'node:fs'
import { basename } from 'node:path'
import { Readable } from 'node:stream'
import { contentTypeOf } from '#client/content-types'
import { measure, readBytes, type UploadSource } from '#client/measure'
import type { Transfers } from '#client/transfers'
import { jsonOf, verified } from '#client/verified'
import type { Blobs, PutOutcome } from '#core/blobs'
import { ApiError, errorTable } from '#core/contract/errors'
import { NewPayload } from '#core/contract/files'
import { createPayload } from '#core/files/payload'
import { findFile } from '#core/files/step-file'
import { readHead } from '#core/tasks/move'
import type { World } from '#core/world'

/**
 * The files of runs in a container of a hub in an account: its role reaches table and bucket, so nothing goes through
 * the hub's API. The same use cases stand behind both ways.
 */

const triesMost = 5
const firstPauseMs = 200

/** @param by who uploads, for payloads that name no task */
export function createDirectTransfers(world: World, by: string): Transfers {
  const blobs = blobsOf(world)
  const upload: Transfers['upload'] = async (source, { signal, taskId, ...options } = {}) => {
    const contentType =
      options.contentType ?? (typeof source === 'string' ? contentTypeOf(basename(source)) : undefined)
    const declared = declaredOf({ ...(await measure(source, signal)), contentType, taskId })
    const payload = await persist(world, signal, () => createPayload(world, declared, by))
    const outcome = await persist(world, signal, async () => {
      const bytes = bytesOf(source, signal)
      try {
        return await blobs.put(payload.id, payload, bytes)
      } finally {
        bytes.destroy()
      }
    })
    signal?.throwIfAborted()
    if (outcome.kind === 'refused') throw refusalOf(source, outcome)
    return payload
  }

  const download: Transfers['download'] = async (taskId, name, { signal } = {}) => {
    const head = await persist(world, signal, () => readHead(world, taskId))
    const file = head === undefined ? undefined : await persist(world, signal, () => findFile(world, head, name))
    if (file === undefined) throw new ApiError('not-found', `the task ${taskId} has no file of the name ${name}`)
    const { size, sha256, contentType, payload } = file
    const open = async (from: number) => {
      const range = from === 0 ? undefined : { from, to: size - 1 }
      const bytes = await persist(world, signal, () => blobs.get(payload, range))
      if (bytes === undefined) throw new ApiError('not-found', `the bytes of ${name} are gone`)
      return bytes
    }
    let source = await open(0)
    const again = async (from: number, breaks: number) => {
      signal?.throwIfAborted()
      if (breaks >= triesMost) return undefined
      await pauseAfter(world, breaks, signal)
      source = await open(from)
      return source
    }
    const stream = Readable.from(verified({ size, sha256, first: source, again }), { objectMode: false })
    // What nobody began to read would keep its connection, and what stands still its reader.
    const giveBack = () =>
      void source[Symbol.asyncIterator]()
        .return?.()
        .catch(() => undefined)
    signal?.addEventListener('abort', giveBack)
    stream.once('close', () => {
      signal?.removeEventListener('abort', giveBack)
      giveBack()
    })
    return { stream, size, sha256, contentType }
  }

  return {
    upload,
    download,
    downloadJson: async (taskId, name, options) =>
      jsonOf(await download(taskId, name, options), `${name} of task ${taskId}`),
  }
}

function blobsOf({ blobs }: World): Blobs {
  if (blobs === undefined) throw new Error('this hub keeps no files')
  return blobs
}

function declaredOf(fields: unknown): NewPayload {
  const parsed = NewPayload.safeParse(fields)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new ApiError('invalid', `${issue?.path.join('.')}: ${issue?.message}`)
}

function bytesOf(source: UploadSource, signal: AbortSignal | undefined): Readable {
  if (typeof source !== 'string') return Readable.from([source])
  const bytes = createReadStream(source, { highWaterMark: readBytes, ...(signal ? { signal } : {}) })
  // Whoever reads is told; when nobody does yet, an abort would end the process.
  bytes.on('error', () => undefined)
  return bytes
}

/** It was measured a moment ago: so it was written to meanwhile, or cannot be read any more. */
function refusalOf(source: UploadSource, { message }: Extract<PutOutcome, { kind: 'refused' }>): ApiError {
  const what = typeof source === 'string' ? `The file ${source}` : 'What was to be uploaded'
  return new ApiError('invalid', `${what} changed while it was uploaded: ${message}`)
}

/** Tries again where AWS was away; a body that passed through once is read anew. */
async function persist<Value>(world: World, signal: AbortSignal | undefined, attempt: () => Promise<Value>) {
  for (let tried = 1; ; tried++) {
    signal?.throwIfAborted()
    try {
      return await attempt()
    } catch (error) {
      const isAway = error instanceof ApiError && errorTable[error.code].retry
      if (!isAway || tried === triesMost) throw error
    }
    await pauseAfter(world, tried, signal)
  }
}

function pauseAfter({ clock, chance }: World, tried: number, signal: AbortSignal | undefined): Promise<void> {
  return clock.wait(chance() * firstPauseMs * 2 ** tried, signal)
}
