import { releaseFiles, releaseUse } from '../files/release.ts'
import type { Children } from '../flow/children.ts'
import { dependencySetsApart } from '../flow/dependency-items.ts'
import { joinKeysApart } from '../flow/join.ts'
import { listAll } from '../flow/list-all.ts'
import type { StoredStep } from '../flow/remembered.ts'
import type { Head } from '../head.ts'
import { childrenPrefix, dependenciesKey, headKey, headSk, stepPrefix } from '../keys.ts'
import type { Item, Key } from '../ports.ts'
import type { World } from '../world.ts'

/**
 * Removes what lay beside a head that is gone (protocol 31). The keys carry its birth, so that a late repeat does no
 * harm to a new life of the same id (30).
 */
export async function clearBeside(world: World, gone: Head): Promise<void> {
  const { pk } = headKey(gone.id)
  const beside = (await listAll(world, { pk })).filter(({ sk }) => sk !== headSk && sk.split('#')[1] === gone.born)
  const payloads = beside.flatMap(({ sk, data }) => {
    const payload = sk.startsWith(stepPrefix(gone.born)) ? (data as StoredStep).outputPayload : undefined
    return payload === undefined ? [] : [payload]
  })
  const keys: readonly Key[] = [...beside, ...beside.flatMap((item) => setsApart(gone, item))]
  await Promise.all([
    ...keys.map(({ pk, sk }) =>
      world.store.commit({ write: { kind: 'delete', key: { pk, sk }, condition: { kind: 'any' } } }),
    ),
    world.taskLogs?.remove({ id: gone.id, born: gone.born }),
    ...(gone.files === undefined && gone.resultFiles === undefined ? [] : [releaseFiles(world, gone)]),
    ...payloads.map((payload) => releaseUse(world, gone, payload)),
  ])
}

/** Of many sub tasks, or dependencies: the sets of their ends have partitions of their own (core/flow/join.ts). */
function setsApart(gone: Head, { sk, data }: Item): readonly Key[] {
  if (sk === dependenciesKey(gone.id, gone.born).sk) return dependencySetsApart(gone)
  if (!sk.startsWith(childrenPrefix(gone.born))) return []
  const { step, era, count } = data as Children
  return joinKeysApart({ taskId: gone.id, born: gone.born, step, era, count })
}
