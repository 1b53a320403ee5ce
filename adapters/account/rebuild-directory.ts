import { type RebuildOptions, type RebuildProgress, rebuildDirectory } from '#core/tasks/rebuild-directory'
import { createDynamoClient } from '../dynamodb/client.ts'
import { scanHeads } from '../dynamodb/scan-heads.ts'
import { openDynamoStore } from '../dynamodb/store.ts'
import { systemClock } from '../system/clock.ts'
import { createSystemIds } from '../system/ids.ts'

/** Parts of the table that are read at once, and rows that are written at once: some hundred a second in all. */
const segments = 4
const rowsAtOnce = 25

export interface RebuildTableOptions extends Omit<RebuildOptions, 'rowsAtOnce'> {
  readonly table: string
  /** As many as the hub reads (TASKURAI_DIRECTORY_SHARDS). */
  readonly shards: number
  readonly region?: string | undefined
  /** For an engine of a test's own. */
  readonly client?: Parameters<typeof createDynamoClient>[0]
}

/** Writes the directory of a hub in an account anew, under the keys of whoever calls this. */
export async function rebuildTable({
  table,
  shards,
  region,
  ...options
}: RebuildTableOptions): Promise<RebuildProgress> {
  const client = createDynamoClient({ ...(region === undefined ? {} : { region }), ...options.client })
  const sendBells = async () => {
    throw new Error('rows have no bells')
  }
  const { monotonicMs } = systemClock
  const store = openDynamoStore({ client, table, sendBells, dueShards: 1, monotonicMs })
  const world = { store, ids: createSystemIds(), clock: systemClock, directoryShards: shards }
  try {
    return await rebuildDirectory(world, scanHeads({ client, table }, segments), { ...options, rowsAtOnce })
  } finally {
    client.destroy()
  }
}
