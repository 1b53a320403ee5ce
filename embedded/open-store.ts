import { checkDataFile, openPaths } from '#adapters/lmdb/check-file'
import { beginStore, sealStore } from '#adapters/lmdb/side-file'
import { type LmdbStore, type LmdbStoreOptions, openLmdbStore } from '#adapters/lmdb/store'

const pageBytes = 4_096

export type OpenStoreOutcome =
  | { readonly kind: 'open'; readonly store: LmdbStore }
  | { readonly kind: 'refused'; readonly message: string }

/** Checks the data file before LMDB maps it, and marks a new store as made only once it can be opened (protocol 44). */
export async function openStore(
  folder: string,
  options: Pick<LmdbStoreOptions, 'durability' | 'clock' | 'onBroken'>,
): Promise<OpenStoreOutcome> {
  const check = await checkDataFile(folder)
  if (check.kind === 'refused') return { kind: 'refused', message: check.message }
  if (check.kind === 'new') await beginStore(folder, { pageBytes })
  const store = openLmdbStore({ path: openPaths(folder).dataFile, pageBytes, ...options })
  if (check.kind === 'new' || check.side.phase === 'creating') await sealStore(folder)
  return { kind: 'open', store }
}
