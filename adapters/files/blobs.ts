import { createHash, randomBytes } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { BlobSpec, Blobs, PutOutcome, PutRefusal } from '#core/blobs'
import { hasCode, PRIVATE_FILE_MODE, PRIVATE_FOLDER_MODE } from './atomic-file.ts'

/**
 * Bytes as files of a folder: `<two characters of the id>/<id>`, written under another name in `incoming/` first.
 *
 * 1. A file under its own name is whole, has its checksum, and is on disk with its name.
 * 2. Whatever goes wrong, `incoming/` is left as it was; what a crash leaves there goes at the next opening.
 * 3. A full disk is met by this folder first: some room is left to the store, which cannot go on without.
 */

export interface BlobFilesOptions {
  readonly folder: string
  /** `process`: no flush to the disk; a power cut may then take what was stored. */
  readonly durability?: 'power' | 'process'
  readonly reserveBytes?: number
}

const reserveBytesDefault = 67_108_864
const readBytes = 262_144
/** A long file goes to the disk in parts, so that the store's flushes never wait behind all of it. */
const syncEveryBytes = 16_777_216

export async function openBlobFiles(options: BlobFilesOptions): Promise<Blobs> {
  const { folder, durability = 'power', reserveBytes = reserveBytesDefault } = options
  const incoming = join(folder, 'incoming')
  const isSynced = durability === 'power'
  await mkdir(incoming, { recursive: true, mode: PRIVATE_FOLDER_MODE })
  for (const name of await readdir(incoming)) await rm(join(incoming, name), { force: true })

  const put: Blobs['put'] = async (id, spec, bytes) => {
    const free = await freeBytes(folder)
    if (free < spec.size + reserveBytes) return refused('no-room', `the hub's disk has no room for ${spec.size} bytes`)
    const part = join(incoming, `${checkedId(id)}.${randomBytes(6).toString('hex')}`)
    try {
      const outcome = await write(part, { spec, bytes, isSynced })
      if (outcome.kind === 'refused') return outcome
      await mkdir(shardOf(folder, id), { recursive: true, mode: PRIVATE_FOLDER_MODE })
      await rename(part, pathOf(folder, id))
      // Both: the folder of this shard may be new.
      if (isSynced) await Promise.all([syncFolder(shardOf(folder, id)), syncFolder(folder)])
      return outcome
    } catch (error) {
      if (isFull(error)) return refused('no-room', "the hub's disk is full")
      throw error
    } finally {
      await rm(part, { force: true })
    }
  }

  return {
    put,
    has: async (id) => (await stat(pathOf(folder, id)).catch(absent)) !== undefined,
    get: async (id, range) => {
      const handle = await open(pathOf(folder, id), 'r').catch(absent)
      if (handle === undefined) return undefined
      const part = range === undefined ? {} : { start: range.from, end: range.to }
      return handle.createReadStream({ ...part, highWaterMark: readBytes })
    },
    remove: (id) => rm(pathOf(folder, id), { force: true }),
  }
}

interface Writing {
  readonly spec: BlobSpec
  readonly bytes: AsyncIterable<Uint8Array>
  readonly isSynced: boolean
}

async function write(path: string, { spec, bytes, isSynced }: Writing): Promise<PutOutcome> {
  const hash = createHash('sha256')
  const handle = await open(path, 'wx', PRIVATE_FILE_MODE)
  let length = 0
  let unsynced = 0
  try {
    for await (const chunk of told(bytes)) {
      length += chunk.byteLength
      if (length > spec.size) return refused('too-long', `more than the ${spec.size} bytes that were declared came`)
      hash.update(chunk)
      await writeAll(handle, chunk)
      unsynced += chunk.byteLength
      if (!isSynced || unsynced < syncEveryBytes) continue
      await handle.datasync()
      unsynced = 0
    }
    if (length < spec.size) return refused('too-short', `${length} of the ${spec.size} bytes that were declared came`)
    if (hash.digest('hex') !== spec.sha256) {
      return refused('other-sha256', 'the bytes have another sha256 than was declared')
    }
    if (isSynced) await handle.sync()
    return { kind: 'stored' }
  } catch (error) {
    if (!(error instanceof CutOff)) throw error
    return refused('cut-off', `the upload broke off after ${length} of ${spec.size} bytes`)
  } finally {
    await handle.close()
  }
}

/** What the sender's end of the stream throws, told apart from what the disk does. */
class CutOff extends Error {}

async function* told(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* bytes
  } catch (cause) {
    throw new CutOff('the sender stopped', { cause })
  }
}

/** A write may take less than it was given: a disk that fills up does so. */
async function writeAll(handle: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.byteLength; ) {
    const { bytesWritten } = await handle.write(chunk, at, chunk.byteLength - at)
    at += bytesWritten
  }
}

function refused(reason: PutRefusal, message: string): Extract<PutOutcome, { kind: 'refused' }> {
  return { kind: 'refused', reason, message }
}

/** Ids are ours, and yet they become paths. */
function checkedId(id: string): string {
  if (!/^[0-9A-Z]{26}$/.test(id)) throw new Error(`blob ${id}: not an id`)
  return id
}

/** ULIDs begin with the time, so their ends are what spreads. */
function shardOf(folder: string, id: string): string {
  return join(folder, checkedId(id).slice(-2))
}

function pathOf(folder: string, id: string): string {
  return join(shardOf(folder, id), id)
}

async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}

function isFull(error: unknown): boolean {
  return hasCode(error, 'ENOSPC') || hasCode(error, 'EDQUOT')
}

function absent(error: unknown): undefined {
  if (hasCode(error, 'ENOENT')) return undefined
  throw error
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
