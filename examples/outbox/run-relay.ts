/** Runs beside the shop, or inside it: once a second is soon enough for a task, and costs one look at an index. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Client } from 'taskurai/client'
import type { Database } from './database.ts'
import { relay } from './relay.ts'

const lookEveryMs = 1_000

export async function runRelay(database: Database, hub: Client, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const settled = await relay(database, hub).catch((error: unknown) => {
      process.stderr.write(`the relay tries again: ${error}\n`)
      return 0
    })
    if (settled === 0) await pause(lookEveryMs, undefined, { signal }).catch(() => undefined)
  }
}
