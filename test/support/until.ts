import { setTimeout as pause } from 'node:timers/promises'

const lookEveryMs = 25

/** Looks until there is something to see, for so long at most; what it waited for is said when the time is over. */
export async function until<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  mostMs = 15_000,
): Promise<T> {
  const endsAtMs = performance.now() + mostMs
  for (;;) {
    const seen = await look()
    if (seen !== undefined && seen !== false) return seen
    if (performance.now() > endsAtMs) throw new Error(`not within ${mostMs / 1_000} s: ${what}`)
    await pause(lookEveryMs)
  }
}
