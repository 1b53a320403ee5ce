import type { Chance } from '#core/ports'

/** The machine's randomness, for jitter. Not for secrets. */
export const systemChance: Chance = () => Math.random()
