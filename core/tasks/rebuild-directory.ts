import type { Head } from '../head.ts'
import type { Write } from '../ports.ts'
import type { World } from '../world.ts'
import { allRowsOf } from './rows.ts'

/**
 * Writes the directory anew from the heads, which are the truth (protocol 39): after an outage that outlived the feed, or
 * for tasks from before there was a dimension. A row says the same whenever it is written, so this may be broken off,
 * done again, and run beside a hub that works: it never takes a row away.
 */

export type RebuildWorld = Pick<World, 'store' | 'ids' | 'clock' | 'directoryShards'>

export interface RebuildProgress {
  /** Heads that were looked at. */
  readonly tasks: number
  readonly rows: number
}

export interface RebuildOptions {
  /** Rows that are on their way at once. */
  readonly rowsAtOnce: number
  readonly onProgress?: ((progress: RebuildProgress) => void) | undefined
}

export async function rebuildDirectory(
  world: RebuildWorld,
  portions: AsyncIterable<readonly Head[]> | Iterable<readonly Head[]>,
  { rowsAtOnce, onProgress }: RebuildOptions,
): Promise<RebuildProgress> {
  let progress: RebuildProgress = { tasks: 0, rows: 0 }
  for await (const heads of portions) {
    const now = world.clock.now()
    // What is past its retention is no task any more (protocol 30).
    const standing = heads.filter(({ expiresAt }) => expiresAt === undefined || expiresAt > now)
    const rows = standing.flatMap((head) => allRowsOf(world, head))
    for (let from = 0; from < rows.length; from += rowsAtOnce) await put(world, rows.slice(from, from + rowsAtOnce))
    progress = { tasks: progress.tasks + standing.length, rows: progress.rows + rows.length }
    onProgress?.(progress)
  }
  return progress
}

async function put({ store }: RebuildWorld, rows: readonly Write[]): Promise<void> {
  await Promise.all(rows.map((write) => store.commit({ write })))
}
