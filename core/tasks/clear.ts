import { releaseFiles } from '../files/release.ts'
import type { Head } from '../head.ts'
import { bodyKey, outcomePrefix } from '../keys.ts'
import type { World } from '../world.ts'

/** Outcomes of runs that lie beside one head: as many as it can have had runs between two looks of the reactor. */
const outcomesMost = 1_000

/**
 * Removes what lay beside a head that is gone (protocol 31). The keys carry its birth, so that a late repeat does no
 * harm to a new life of the same id (30).
 */
export async function clearBeside(world: World, gone: Head): Promise<void> {
  const { pk, sk } = bodyKey(gone.id, gone.born)
  const outcomes = await world.store.list({ pk, prefix: outcomePrefix(gone.born), limit: outcomesMost })
  const keys = outcomes.items.map((item) => ({ pk, sk: item.sk }))
  if (gone.bodyApart === true) keys.push({ pk, sk })
  await Promise.all([
    ...keys.map((key) => world.store.commit({ write: { kind: 'delete', key, condition: { kind: 'any' } } })),
    world.taskLogs?.remove({ id: gone.id, born: gone.born }),
    ...(gone.files === undefined && gone.resultFiles === undefined ? [] : [releaseFiles(world, gone)]),
  ])
}
