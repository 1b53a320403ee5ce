import type { Change, Clock, Commit, CommitOutcome, Feed, Store } from '#core/ports'
import { BellQueue } from './bell-queue.ts'
import { holds, MemoryTable } from './table.ts'

export interface Memory {
  readonly store: Store
  readonly queue: BellQueue
  readonly feed: Feed
  readonly table: MemoryTable
}

/** Store and queue in memory, for tests and the simulator. A commit is one step: nobody sees half of it. */
export function createMemory(clock: Clock, options: { readonly inlineBytes?: number } = {}): Memory {
  const table = new MemoryTable()
  const queue = new BellQueue(clock)
  const listeners = new Set<() => void>()

  function commit({ write, before, bells }: Commit): CommitOutcome {
    if (!canWrite(table, write)) return table.write(write)
    for (const side of before ?? []) table.write(side)
    const outcome = table.write(write)
    queue.send(bells ?? [])
    for (const listener of listeners) listener()
    return outcome
  }

  const store: Store = {
    inlineBytes: options.inlineBytes ?? 1_000,
    get: async (key) => table.get(key),
    list: async (range) => table.list(range),
    due: async ({ until, limit }) => table.due(until, limit),
    commit: async (ask) => commit(ask),
    addToSet: async (key, members) => {
      const size = table.addToSet(key, members)
      for (const listener of listeners) listener()
      return size
    },
  }
  return { store, queue, table, feed: feedOf(table.changes, listeners) }
}

function canWrite(table: MemoryTable, write: Commit['write']): boolean {
  const current = table.get(write.kind === 'put' ? write.item : write.key)
  return holds(write, current)
}

function feedOf(changes: readonly Change[], listeners: Set<() => void>): Feed {
  return {
    read: async (cursor, limit) => {
      const from = cursor === undefined ? 0 : Number(cursor)
      const page = changes.slice(from, from + limit)
      return { changes: page, cursor: String(from + page.length) }
    },
    onChange: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
