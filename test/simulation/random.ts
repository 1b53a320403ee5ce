/** All the chance of one simulated world comes from one seed: the same seed is the same schedule. */
export interface Random {
  /** From 0 (included) to 1 (excluded). */
  readonly next: () => number
  /** A whole number from `least` to `most`, both included. */
  readonly int: (least: number, most: number) => number
  /** True so often. */
  readonly is: (likelihood: number) => boolean
  readonly pick: <T>(choices: readonly [T, ...T[]]) => T
}

export function createRandom(seed: number): Random {
  let state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) >>> 0
  // mulberry32: small, fast and good enough to choose schedules by.
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const int = (least: number, most: number) => least + Math.floor(next() * (most - least + 1))
  return {
    next,
    int,
    is: (likelihood) => next() < likelihood,
    pick: (choices) => choices[int(0, choices.length - 1)] ?? choices[0],
  }
}
