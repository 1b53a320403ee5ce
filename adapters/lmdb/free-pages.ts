/**
 * Looks whether every page that a data file lacks at its end is a free one.
 *
 * A healthy file may end before its last page: pages taken and given back in one transaction are counted, never
 * written (seen at once when a large value is put and removed in one commit). Length alone would refuse such a store, so the list of free pages
 * is read by hand: a B-tree whose values are lists of u64: a count, then page numbers, where a negative number -n
 * says that the next one starts a run of n pages, and 0 is a gap.
 */
import type { FileHandle } from 'node:fs/promises'
import type { MetaPage } from './data-file.ts'

const pageHeaderBytes = 24
const nodeHeaderBytes = 8
const branchFlag = 0x01
const leafFlag = 0x02
const overflowFlag = 0x04
const valueElsewhereFlag = 0x01
const noRoot = 0xffff_ffff_ffff_ffffn
/** More missing pages than this (4 GiB of the usual size) is no leftover of a transaction. */
const mostMissingPages = 1_048_576
/** Bounds the walk on a damaged tree, whose branches may form a ring. */
const mostPagesVisited = 100_000

type Store = { readonly file: FileHandle; readonly meta: MetaPage; readonly wholePages: number }

/** True if all pages behind the end of the file are listed as free; false if any may hold data, or the list is broken. */
export async function areMissingPagesFree(file: FileHandle, meta: MetaPage, fileBytes: number): Promise<boolean> {
  const wholePages = Math.floor(fileBytes / meta.pageBytes)
  const missing = meta.lastPage + 1 - wholePages
  if (missing > mostMissingPages || meta.freeRoot === noRoot) return false
  const found = await countFreePages({ file, meta, wholePages })
  return found === missing
}

/** Counts the listed free pages from `wholePages` on; -1 if the list itself cannot be read. */
async function countFreePages(store: Store): Promise<number> {
  const open = [Number(store.meta.freeRoot)]
  const free = new Set<number>()
  for (let visited = 0; open.length > 0; visited += 1) {
    const pageNumber = open.pop()
    if (visited >= mostPagesVisited || pageNumber === undefined) return -1
    const page = await readPages(store, pageNumber, store.meta.pageBytes)
    if (page === undefined) return -1
    const flags = page.readUInt16LE(18)
    if ((flags & (branchFlag | leafFlag)) === 0) return -1
    for (const at of nodeOffsets(page)) {
      if ((flags & branchFlag) !== 0) {
        open.push(page.readUInt32LE(at) + page.readUInt16LE(at + 4) * 2 ** 32)
        continue
      }
      const list = await readValue(store, page, at)
      if (list === undefined) return -1
      addFreePages(free, list, store)
    }
  }
  return free.size
}

function nodeOffsets(page: Buffer): readonly number[] {
  const count = page.readUInt16LE(20) >> 1
  const offsets: number[] = []
  for (let i = 0; i < count && pageHeaderBytes + 2 * i + 2 <= page.length; i += 1) {
    const at = pageHeaderBytes + page.readUInt16LE(pageHeaderBytes + 2 * i)
    if (at + nodeHeaderBytes <= page.length) offsets.push(at)
  }
  return offsets
}

async function readValue(store: Store, page: Buffer, at: number): Promise<Buffer | undefined> {
  const bytes = page.readUInt32LE(at)
  const from = at + nodeHeaderBytes + page.readUInt16LE(at + 6)
  if ((page.readUInt16LE(at + 4) & valueElsewhereFlag) === 0) {
    return from + bytes <= page.length ? page.subarray(from, from + bytes) : undefined
  }
  if (from + 8 > page.length) return undefined
  const overflow = await readPages(store, Number(page.readBigUInt64LE(from)), pageHeaderBytes + bytes)
  if (overflow === undefined || (overflow.readUInt16LE(18) & overflowFlag) === 0) return undefined
  return overflow.subarray(pageHeaderBytes)
}

function addFreePages(free: Set<number>, list: Buffer, { meta, wholePages }: Store): void {
  const words = Math.floor(list.length / 8)
  if (words === 0) return
  const count = Math.min(Number(list.readBigUInt64LE(0)), words - 1)
  for (let i = 1; i <= count; i += 1) {
    const entry = Number(list.readBigInt64LE(8 * i))
    if (entry === 0) continue
    const isRun = entry < 0 && i < count
    if (isRun) i += 1
    const first = isRun ? Number(list.readBigInt64LE(8 * i)) : entry
    const end = Math.min(first + (isRun ? -entry : 1), meta.lastPage + 1)
    for (let pageNumber = Math.max(first, wholePages); pageNumber < end; pageNumber += 1) free.add(pageNumber)
  }
}

async function readPages({ file, meta, wholePages }: Store, first: number, bytes: number): Promise<Buffer | undefined> {
  const from = first * meta.pageBytes
  if (first < 2 || from + bytes > wholePages * meta.pageBytes) return undefined
  const buffer = Buffer.alloc(bytes)
  const { bytesRead } = await file.read(buffer, 0, bytes, from)
  return bytesRead === bytes ? buffer : undefined
}
