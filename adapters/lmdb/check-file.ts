/**
 * Decides whether LMDB may map the data file of a folder. Call it before `open` of lmdb, while the folder's lock is
 * held: a truncated file kills the process with SIGBUS, a foreign one with SIGSEGV, an empty one opens as a new store.
 *
 * | side file | data file                                | answer                                  |
 * |-----------|------------------------------------------|-----------------------------------------|
 * | absent    | absent                                   | new                                     |
 * | absent    | there, whatever it is                    | refused: foreign                        |
 * | creating  | absent or empty                          | new (nothing was ever accepted)         |
 * | ready     | absent, empty                            | refused: missing, empty                 |
 * | either    | broken, other page size, too short       | refused: foreign, page-size, truncated  |
 * | either    | whole                                    | good                                    |
 */
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { type DataFileHead, readDataFileHead } from './data-file.ts'
import { areMissingPagesFree } from './free-pages.ts'
import { readSideFile, type SideFile, sideFilePath } from './side-file.ts'

/** Why a folder is refused. */
export type RefusalReason = 'missing' | 'empty' | 'truncated' | 'foreign' | 'page-size' | 'side-file'

/** Whether LMDB may open the folder: as a new store, as the one that is there, or not at all. */
export type DataFileCheck =
  | { readonly kind: 'new' }
  | { readonly kind: 'good'; readonly side: SideFile }
  | { readonly kind: 'refused'; readonly reason: RefusalReason; readonly message: string }

/** The paths of a store: open lmdb with `path: dataFile` and `noSubdir: true`; it puts `-lock` behind it by itself. */
export function openPaths(folder: string): { readonly dataFile: string; readonly sideFile: string } {
  return { dataFile: join(folder, 'store.mdb'), sideFile: sideFilePath(folder) }
}

/** Looks at the files of `folder` with plain reads and says what LMDB may do with them. */
export async function checkDataFile(folder: string): Promise<DataFileCheck> {
  const { dataFile, sideFile } = openPaths(folder)
  const state = await readSideFile(folder)
  const head = await readDataFileHead(dataFile)
  switch (state.kind) {
    case 'absent':
      if (head.kind === 'absent') return { kind: 'new' }
      return refuse('foreign', `${dataFile} has no ${sideFile} beside it, so no hub made it: ${restoreBoth}`)
    case 'broken':
      return refuse('side-file', `${sideFile} is not a side file this version knows (${state.why}): ${restoreBoth}`)
    case 'read':
      return await checkAgainst(state.side, head, dataFile)
    default:
      return state satisfies never
  }
}

async function checkAgainst(side: SideFile, head: DataFileHead, path: string): Promise<DataFileCheck> {
  switch (head.kind) {
    case 'absent':
      if (side.phase === 'creating') return { kind: 'new' }
      return refuse('missing', `${path} is gone, though a store was made on ${side.createdAt}: ${restoreOrForget}`)
    case 'empty':
      if (side.phase === 'creating') return { kind: 'new' }
      return refuse('empty', `${path} is empty, though a store was made on ${side.createdAt}: ${restoreOrForget}`)
    case 'short':
      return refuse('truncated', `${path} ends after ${head.fileBytes} bytes, within its head: ${restoreOrForget}`)
    case 'foreign':
      return refuse('foreign', `${path} is not a store of a hub (${head.why}): ${restoreOrForget}`)
    case 'read':
      return await checkLength(side, head, path)
    default:
      return head satisfies never
  }
}

async function checkLength(
  side: SideFile,
  head: Extract<DataFileHead, { kind: 'read' }>,
  path: string,
): Promise<DataFileCheck> {
  const { newest, fileBytes } = head
  if (newest.pageBytes !== side.pageBytes) {
    const sizes = `pages of ${newest.pageBytes} bytes where the store had ${side.pageBytes}`
    return refuse('page-size', `${path} has ${sizes}, so it is another file: ${restoreBoth}`)
  }
  const neededBytes = (newest.lastPage + 1) * newest.pageBytes
  if (fileBytes >= neededBytes) return { kind: 'good', side }
  const file = await open(path, 'r')
  try {
    if (await areMissingPagesFree(file, newest, fileBytes)) return { kind: 'good', side }
  } finally {
    await file.close()
  }
  const lost = `${fileBytes} bytes long where ${neededBytes} were written`
  return refuse('truncated', `${path} is ${lost}: ${restoreOrForget}`)
}

const restoreBoth = 'restore data file and side file together from a backup, or name another folder by TASKURAI_DATA'
const restoreOrForget = `${restoreBoth}; only if its tasks may be lost, move the folder away and start anew`

function refuse(reason: RefusalReason, message: string): DataFileCheck {
  return { kind: 'refused', reason, message }
}
