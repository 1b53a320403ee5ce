import { randomFillSync } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

/** What the client takes from its machine. Nothing else in client/ asks for time or chance, so tests can play both. */
export interface System {
  /** Epoch milliseconds. */
  readonly now: () => number
  /** A random number from 0 (included) to 1 (excluded), good enough for ids that must never meet. */
  readonly chance: () => number
  readonly pause: (ms: number, signal?: AbortSignal) => Promise<void>
}

export const realSystem: System = {
  now: () => Date.now(),
  chance: pooledChance(),
  pause: async (ms, signal) => {
    try {
      await sleep(ms, undefined, signal === undefined ? {} : { signal })
    } catch (error) {
      // Callers look for the reason they gave, not for the timer's own AbortError.
      signal?.throwIfAborted()
      throw error
    }
  },
}

/** One system call for some hundred numbers: a key is made for every task that is submitted. */
function pooledChance(): () => number {
  const pool = new Uint32Array(512)
  let used = pool.length
  return () => {
    if (used === pool.length) {
      randomFillSync(pool)
      used = 0
    }
    return (pool[used++] ?? 0) / 2 ** 32
  }
}
