/** How a connection is tried again. */

/** Before anything ever came, so many failures in a row mean that the hub does not take this address. */
export const unopenedMost = 3
/** Once it was live, or where the hub said to come back: an hour about. */
export const failuresMost = 120

const firstPauseMs = 1_000
const pauseMsMost = 30_000

/** Half of a doubling cap, and by chance up to all of it: those who were cut off together come back one after another. */
export function pauseMs(failures: number, chance: number): number {
  const cap = Math.min(pauseMsMost, firstPauseMs * 2 ** Math.min(failures - 1, 10))
  return (cap / 2) * (1 + chance)
}

/** A hub that has enough watchers gets rest. */
export function longPauseMs(chance: number): number {
  return (pauseMsMost / 2) * (1 + chance)
}
