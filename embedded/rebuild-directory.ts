import { existsSync } from 'node:fs'
import { checkDataFile } from '#adapters/lmdb/check-file'
import { systemClock } from '#adapters/system/clock'
import { createSystemIds } from '#adapters/system/ids'
import { type RebuildOptions, type RebuildProgress, rebuildDirectory } from '#core/tasks/rebuild-directory'
import { directoryShards } from './hub.ts'
import { lockFolder } from './lock.ts'
import { openStore } from './open-store.ts'

/** Rows that share a flush. */
const rowsAtOnce = 1_000

export interface RebuildFolderOptions extends Omit<RebuildOptions, 'rowsAtOnce'> {
  readonly dataFolder: string
}

export type RebuildFolderOutcome =
  | { readonly kind: 'rebuilt'; readonly progress: RebuildProgress }
  /** A hub has the folder, or there is none in it: words for a person. */
  | { readonly kind: 'refused'; readonly message: string }

/** Writes the directory of a hub on this machine anew, while it is stopped. */
export async function rebuildFolder({ dataFolder, ...options }: RebuildFolderOptions): Promise<RebuildFolderOutcome> {
  if (!existsSync(dataFolder)) return { kind: 'refused', message: `there is no folder ${dataFolder}` }
  const lock = await lockFolder(dataFolder)
  if (!lock.ok) return { kind: 'refused', message: lock.message }
  try {
    return await rebuildIn(dataFolder, options)
  } finally {
    await lock.release()
  }
}

async function rebuildIn(folder: string, options: Omit<RebuildOptions, 'rowsAtOnce'>): Promise<RebuildFolderOutcome> {
  // A folder without a store would become one.
  const check = await checkDataFile(folder)
  if (check.kind === 'new') return { kind: 'refused', message: `no hub has ever run in ${folder}` }
  const opened = await openStore(folder, { durability: 'power', clock: systemClock })
  if (opened.kind === 'refused') return opened
  const { store, allHeads, close } = opened.store
  const world = { store, ids: createSystemIds(), clock: systemClock, directoryShards }
  try {
    return { kind: 'rebuilt', progress: await rebuildDirectory(world, allHeads(), { ...options, rowsAtOnce }) }
  } finally {
    await close()
  }
}
