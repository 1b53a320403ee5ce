import { type JoinOf, joinChunk, joinKey, joinTopKey } from '../keys.ts'
import type { Key } from '../ports.ts'
import type { World } from '../world.ts'

/**
 * Who of many has ended: sets of places, since a counter would count a redelivered end twice (protocol 5, 22). Up to two
 * hundred lie in one set of fewer bytes than a write unit; more lie in several, and a set that is full adds itself to a
 * top set.
 */

export interface JoinEnds {
  /** Places of those that ended, whatever became of them. */
  readonly ended: readonly number[]
  /** Those among them that did not succeed. */
  readonly failed: readonly number[]
}

export interface JoinAdded {
  /** All have ended. */
  readonly isFull: boolean
  /** So many of all, as far as these sets tell. */
  readonly ended: number
}

/**
 * Adds ends, whether they were told before or not. Failures are written first, and read last: who sees that a place has
 * ended sees whether it failed.
 */
export async function addEnds(world: World, join: JoinOf, { ended, failed }: JoinEnds): Promise<JoinAdded> {
  const failedByChunk = byChunk(join, failed)
  await Promise.all([...failedByChunk].map(([chunk, places]) => add(world, joinKey(join, chunk, 'failed'), places)))
  if (join.count > joinChunk && failedByChunk.size > 0) {
    await add(world, joinTopKey(join, 'failed'), [...failedByChunk.keys()])
  }
  const sizes = await Promise.all(
    [...byChunk(join, ended)].map(async ([chunk, places]) => {
      const size = await add(world, joinKey(join, chunk, 'ended'), places)
      return { chunk, size }
    }),
  )
  if (join.count <= joinChunk) {
    const size = sizes[0]?.size ?? 0
    return { isFull: size >= join.count, ended: size }
  }
  const full = sizes.filter(({ chunk, size }) => size >= chunkSize(join, chunk)).map(({ chunk }) => chunk)
  if (full.length === 0) return { isFull: false, ended: 0 }
  const size = await add(world, joinTopKey(join, 'ended'), full)
  return { isFull: size >= chunksOf(join), ended: Math.min(join.count, size * joinChunk) }
}

export interface JoinState {
  readonly isFull: boolean
  readonly anyFailed: boolean
}

/** Two reads, however many there are. */
export async function readJoin(world: World, join: JoinOf): Promise<JoinState> {
  const isOne = join.count <= joinChunk
  const ended = await membersOf(world, isOne ? joinKey(join, 0, 'ended') : joinTopKey(join, 'ended'))
  const failed = await membersOf(world, isOne ? joinKey(join, 0, 'failed') : joinTopKey(join, 'failed'))
  return { isFull: ended.length >= (isOne ? join.count : chunksOf(join)), anyFailed: failed.length > 0 }
}

export interface JoinMembers {
  readonly ended: ReadonlySet<number>
  readonly failed: ReadonlySet<number>
}

/** All places, by as many reads as there are sets. */
export async function readMembers(world: World, join: JoinOf): Promise<JoinMembers> {
  const chunks = Array.from({ length: chunksOf(join) }, (_, chunk) => chunk)
  const read = async (what: 'ended' | 'failed') => {
    const sets = await Promise.all(chunks.map((chunk) => membersOf(world, joinKey(join, chunk, what))))
    return new Set(sets.flat().map(Number))
  }
  const ended = await read('ended')
  return { ended, failed: await read('failed') }
}

/** The partitions that a join of so many has beside its task's own. */
export function joinKeysApart(join: JoinOf): readonly Key[] {
  if (join.count <= joinChunk) return []
  return Array.from({ length: chunksOf(join) }, (_, chunk) => chunk).flatMap((chunk) => [
    joinKey(join, chunk, 'ended'),
    joinKey(join, chunk, 'failed'),
  ])
}

function byChunk({ count }: JoinOf, places: readonly number[]): ReadonlyMap<number, number[]> {
  const chunks = new Map<number, number[]>()
  for (const place of places) {
    const chunk = count <= joinChunk ? 0 : Math.floor(place / joinChunk)
    const standing = chunks.get(chunk)
    if (standing === undefined) chunks.set(chunk, [place])
    else standing.push(place)
  }
  return chunks
}

function chunksOf({ count }: JoinOf): number {
  return Math.ceil(count / joinChunk)
}

function chunkSize(join: JoinOf, chunk: number): number {
  return Math.min(joinChunk, join.count - chunk * joinChunk)
}

function add(world: World, key: Key, members: readonly number[]): Promise<number> {
  return world.store.addToSet(key, members.map(String))
}

async function membersOf(world: World, key: Key): Promise<readonly string[]> {
  const item = await world.store.get(key)
  return (item?.data as { readonly set: readonly string[] } | undefined)?.set ?? []
}
