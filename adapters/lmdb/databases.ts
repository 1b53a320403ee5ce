import { type Database, open, type RootDatabase } from 'lmdb'
import { headSk } from '#core/keys'
import type { Item, Key } from '#core/ports'

/**
 * What lies where on disk.
 *
 * - `log`: one entry a flush, with every change of a head in it; also the change feed (protocol 45).
 * - `open`, `ended`: heads as the last checkpoint left them, unfinished ones apart, so that opening reads only those.
 * - `items`: everything that is not a task's head.
 */
export interface Databases {
  readonly root: RootDatabase<string, string>
  readonly log: Database<Buffer, number>
  readonly open: Database<string, string>
  readonly ended: Database<string, string>
  readonly items: Database<string, string>
}

const mapBytesMost = 64 * 1024 ** 3

export interface DatabaseOptions {
  readonly path: string
  readonly pageBytes: number
  /** `process`: survives the death of the process but not a power cut; saves the flush. */
  readonly durability: 'power' | 'process'
}

export function openDatabases({ path, pageBytes, durability }: DatabaseOptions): Databases {
  const root: RootDatabase<string, string> = open({
    path,
    noSubdir: true,
    maxDbs: 8,
    mapSize: mapBytesMost,
    pageSize: pageBytes,
    // Readable only once it is on disk, and gone when it failed (protocol 42).
    overlappingSync: false,
    noSync: durability === 'process',
    cache: false,
    encoding: 'string',
  })
  const named = { encoding: 'string', cache: false } as const
  return {
    root,
    log: root.openDB<Buffer, number>({ name: 'log', encoding: 'binary', cache: false }),
    open: root.openDB<string, string>({ name: 'open', ...named }),
    ended: root.openDB<string, string>({ name: 'ended', ...named }),
    items: root.openDB<string, string>({ name: 'items', ...named }),
  }
}

/** Neither part of a key has a space in it, so partitions stay apart and sort keys keep their order. */
export function itemKey({ pk, sk }: Key): string {
  return `${pk} ${sk}`
}

export function isHead({ pk, sk }: Key): boolean {
  return sk === headSk && pk.startsWith('T#')
}

export function encodeItem({ born, n, due, expiresAt, data }: Item): string {
  return JSON.stringify({ born, n, due, expiresAt, data })
}

export function decodeItem(key: string, text: string): Item {
  const space = key.indexOf(' ')
  return { pk: key.slice(0, space), sk: key.slice(space + 1), ...JSON.parse(text) }
}
