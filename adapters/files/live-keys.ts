import { statSync } from 'node:fs'
import {
  credentialsPath,
  ensureCredentials,
  type Key,
  listKeys,
  type Notice,
  upgradeWorkerKey,
} from './credentials-file.ts'

/**
 * A running hub's view of its credentials file.
 *
 * 1. A key added is known at its first request: an unknown key looks at the file's stamp (a few microseconds).
 * 2. A key removed is refused within a second: known keys look at the stamp at most that often.
 * 3. A file that is broken meanwhile changes nothing but a notice, once per change: a slip of the editor must not
 *    lock everybody out of a running hub.
 */

export const STAMP_CHECK_INTERVAL_MS = 1_000

export interface LiveKeys {
  readonly keyOf: (accessKeyId: string) => Key | undefined
}

export type LiveKeysOutcome =
  | { readonly ok: true; readonly keys: LiveKeys }
  | { readonly ok: false; readonly message: string }

/** Opens the keys of a data folder, making them at the first start; a broken file is refused with file and line. */
export function openKeys(
  dataFolder: string,
  { now = Date.now, notice = () => {} }: { readonly now?: () => number; readonly notice?: Notice } = {},
): LiveKeysOutcome {
  ensureCredentials(dataFolder)
  upgradeWorkerKey(dataFolder)
  // Taken before the read, so that a change in between is seen as one at the next look.
  let stamp = stampOf(dataFolder)
  const first = listKeys(dataFolder, notice)
  if (!first.ok) return { ok: false, message: first.message }
  let checkedAt = now()
  let byId = indexed(first.keys)

  const look = (): void => {
    checkedAt = now()
    const currentStamp = stampOf(dataFolder)
    if (currentStamp === stamp) return
    stamp = currentStamp
    const read = listKeys(dataFolder, notice)
    if (read.ok) byId = indexed(read.keys)
    else notice(`${read.message}. The keys known before stay in force.`)
  }
  const keyOf = (accessKeyId: string): Key | undefined => {
    if (Math.abs(now() - checkedAt) >= STAMP_CHECK_INTERVAL_MS || !byId.has(accessKeyId)) look()
    return byId.get(accessKeyId)
  }
  return { ok: true, keys: { keyOf } }
}

function indexed(keys: readonly Key[]): ReadonlyMap<string, Key> {
  return new Map(keys.map((key) => [key.accessKeyId, key]))
}

/** Changes with every write and every replacement of the file. */
function stampOf(dataFolder: string): string {
  const stats = statSync(credentialsPath(dataFolder), { bigint: true, throwIfNoEntry: false })
  return stats === undefined ? 'missing' : `${stats.mtimeNs}-${stats.ino}-${stats.size}`
}
