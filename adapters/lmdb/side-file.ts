/**
 * The side file `store.json` tells what the data file beside it must be.
 *
 * LMDB takes an empty file for a new store, so a lost data file would come back as a hub without tasks. The side file
 * is on disk, with its folder, before the data file exists. Order of a birth:
 *   1. `beginStore` writes it with phase `creating`; 2. LMDB makes the data file; 3. `sealStore` sets phase `ready`;
 *   4. only now the hub may accept anything. A crash between 1 and 3 has lost nothing, so a start in phase `creating`
 * may make the data file again; in phase `ready` it never may.
 */
import { randomUUID } from 'node:crypto'
import { open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { isAbsent } from './data-file.ts'

const format = 1
const fileName = 'store.json'

const sideFileSchema = z.object({
  format: z.literal(format),
  storeId: z.string().min(1),
  pageBytes: z.number().int().positive(),
  createdAt: z.string().min(1),
  phase: z.enum(['creating', 'ready']),
})

/** What is known of a store apart from its data file. */
export type SideFile = Readonly<z.infer<typeof sideFileSchema>>

/** The side file of a folder: there, not there, or not readable as one. */
export type SideFileState =
  | { readonly kind: 'read'; readonly side: SideFile }
  | { readonly kind: 'absent' }
  | { readonly kind: 'broken'; readonly why: string }

/** Where the side file of a data folder lies. */
export function sideFilePath(folder: string): string {
  return join(folder, fileName)
}

/** Reads the side file; anything but a well-formed one of this format is `broken`. */
export async function readSideFile(folder: string): Promise<SideFileState> {
  let text: string
  try {
    text = await readFile(sideFilePath(folder), 'utf8')
  } catch (cause) {
    if (isAbsent(cause)) return { kind: 'absent' }
    throw new Error(`cannot read ${sideFilePath(folder)}`, { cause })
  }
  const parsed = sideFileSchema.safeParse(parseJson(text))
  if (parsed.success) return { kind: 'read', side: parsed.data }
  return { kind: 'broken', why: parsed.error.issues.map((issue) => issue.message).join('; ') }
}

/** Step 1 of a birth: call it when `checkDataFile` says `new`, before LMDB opens anything. */
export async function beginStore(folder: string, { pageBytes }: { readonly pageBytes: number }): Promise<SideFile> {
  const createdAt = new Date().toISOString()
  const side: SideFile = { format, storeId: randomUUID(), pageBytes, createdAt, phase: 'creating' }
  await writeDurably(folder, side)
  return side
}

/** Step 3 of a birth: call it after LMDB made the data file and before the hub accepts anything. */
export async function sealStore(folder: string): Promise<SideFile> {
  const state = await readSideFile(folder)
  if (state.kind !== 'read') throw new Error(`${sideFilePath(folder)} vanished while the store was being made`)
  const side: SideFile = { ...state.side, phase: 'ready' }
  await syncPath(folder)
  await writeDurably(folder, side)
  return side
}

/** Written beside, synced, renamed, and the folder synced: after a power cut it is there whole or as it was before. */
async function writeDurably(folder: string, side: SideFile): Promise<void> {
  const path = sideFilePath(folder)
  const fresh = `${path}.new`
  const file = await open(fresh, 'w')
  try {
    await file.writeFile(`${JSON.stringify(side, null, 2)}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(fresh, path)
  await syncPath(folder)
}

async function syncPath(path: string): Promise<void> {
  // Windows has no sync of a folder; its journal orders the rename.
  if (process.platform === 'win32') return
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
