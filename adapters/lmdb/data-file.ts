/**
 * Reads the head of an LMDB data file without LMDB: once a file is mapped, a wrong byte is a signal, not an error.
 *
 * Layout on the 64-bit little-endian machines that lmdb's prebuilt binaries run on. A page starts with a header of
 * 24 bytes (page number u64, transaction id u64, padding u16, flags u16, bounds u32). Pages 0 and 1 are the two meta
 * pages; a commit overwrites the older one last, so the one with the higher transaction id counts.
 */
import { type FileHandle, open } from 'node:fs/promises'

const pageHeaderBytes = 24
const metaBytes = 144
const metaFlag = 0x08
const magic = 0xbeefc0de
/** The upper half holds flags of lmdb's own; 999 would be a development build. */
const dataVersion = 2
const smallestPageBytes = 256
const largestPageBytes = 65_536

/** What one meta page says. */
export type MetaPage = {
  readonly pageBytes: number
  readonly lastPage: number
  readonly transaction: bigint
  readonly freeRoot: bigint
}

/** What the head of a data file says, with the length the file really has. */
export type DataFileHead =
  | { readonly kind: 'read'; readonly newest: MetaPage; readonly fileBytes: number }
  | { readonly kind: 'absent' }
  | { readonly kind: 'empty' }
  | { readonly kind: 'short'; readonly fileBytes: number }
  | { readonly kind: 'foreign'; readonly why: string }

/** Reads both meta pages and the length of the file; writes nothing, maps nothing. */
export async function readDataFileHead(path: string): Promise<DataFileHead> {
  const file = await openIfThere(path)
  if (file === undefined) return { kind: 'absent' }
  try {
    const status = await file.stat()
    if (!status.isFile()) return { kind: 'foreign', why: 'it is not a plain file' }
    if (status.size === 0) return { kind: 'empty' }
    return await readHead(file, status.size)
  } finally {
    await file.close()
  }
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r')
  } catch (cause) {
    if (isAbsent(cause)) return undefined
    throw new Error(`cannot read ${path}`, { cause })
  }
}

async function readHead(file: FileHandle, fileBytes: number): Promise<DataFileHead> {
  const first = await readMeta(file, 0)
  if (first === 'short') return { kind: 'short', fileBytes }
  if (typeof first === 'string') return { kind: 'foreign', why: first }
  const second = await readMeta(file, first.pageBytes)
  if (second === 'short') return { kind: 'short', fileBytes }
  // LMDB trusts the second page without looking; a store of ours never has a broken one, since both are written at once.
  if (typeof second === 'string') return { kind: 'foreign', why: `second meta page: ${second}` }
  if (second.pageBytes !== first.pageBytes) return { kind: 'foreign', why: 'its meta pages differ in page size' }
  return { kind: 'read', newest: second.transaction > first.transaction ? second : first, fileBytes }
}

async function readMeta(file: FileHandle, offset: number): Promise<MetaPage | string> {
  const bytes = Buffer.alloc(pageHeaderBytes + metaBytes)
  const { bytesRead } = await file.read(bytes, 0, bytes.length, offset)
  if (bytesRead < bytes.length) return bytesRead >= 28 && !hasMark(bytes) ? 'it has no LMDB mark' : 'short'
  if (!hasMark(bytes)) return 'it has no LMDB mark'
  const meta = bytes.subarray(pageHeaderBytes)
  const version = meta.readUInt32LE(4) & 0xffff
  if (version !== dataVersion) return `its data version is ${version}, not ${dataVersion}`
  const pageBytes = meta.readUInt32LE(24)
  if (!isPageSize(pageBytes)) return `its page size would be ${pageBytes}`
  const lastPage = Number(meta.readBigUInt64LE(120))
  if (lastPage < 1 || !Number.isSafeInteger(lastPage * pageBytes)) return 'its last page number makes no sense'
  return { pageBytes, lastPage, transaction: meta.readBigUInt64LE(128), freeRoot: meta.readBigUInt64LE(64) }
}

function hasMark(bytes: Buffer): boolean {
  return (bytes.readUInt16LE(18) & metaFlag) !== 0 && bytes.readUInt32LE(pageHeaderBytes) === magic
}

function isPageSize(bytes: number): boolean {
  return bytes >= smallestPageBytes && bytes <= largestPageBytes && (bytes & (bytes - 1)) === 0
}

/** Whether a file system call failed because there is no such file. */
export function isAbsent(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === 'ENOENT'
}
