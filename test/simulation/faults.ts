import type { Random } from './random.ts'

/**
 * Which faults this world has. Each seed draws a few of them and leaves the others out: a world with every fault at
 * once hides the interleavings that need just two.
 */
export interface Faults {
  /** A request never arrives; its effect does not happen. */
  readonly requestLost: number
  /** The effect happens, the answer is lost. */
  readonly answerLost: number
  /** The sender gives up waiting, and the request arrives after its retry. */
  readonly requestLate: number
  /** Everything takes longer now and then. */
  readonly slow: number
  readonly bellLate: number
  readonly bellDoubled: number
  readonly staleReads: number
  readonly batchAgain: number
  readonly tickSkipped: number
  /** Per minute of virtual time. */
  readonly hubCrash: number
  readonly instanceCrash: number
  readonly instanceStall: number
  readonly purge: number
  readonly storeAway: number
  /** The whole machine sleeps: wall clocks jump, monotonic ones do not. */
  readonly sleep: number
  /** An instance whose monotonic clock runs slow, so that it aborts too late. */
  readonly slowClock: number
  /** An instance that writes after its own abort, as a zombie might. */
  readonly zombieWrites: number
}

const strengths: Readonly<Record<keyof Faults, readonly [number, ...number[]]>> = {
  requestLost: [0.02, 0.1],
  answerLost: [0.02, 0.15],
  requestLate: [0.02, 0.1],
  slow: [0.05, 0.2],
  bellLate: [0.1, 0.5],
  bellDoubled: [0.1, 0.4],
  staleReads: [0.2, 0.6],
  batchAgain: [0.1, 0.4],
  tickSkipped: [0.2, 0.7],
  hubCrash: [0.1, 0.5],
  instanceCrash: [0.1, 0.5],
  instanceStall: [0.1, 0.4],
  purge: [0.03, 0.1],
  storeAway: [0.05, 0.2],
  sleep: [0.05, 0.2],
  slowClock: [0.2, 0.5],
  zombieWrites: [0.5, 1],
}

export const noFaults: Faults = {
  requestLost: 0,
  answerLost: 0,
  requestLate: 0,
  slow: 0,
  bellLate: 0,
  bellDoubled: 0,
  staleReads: 0,
  batchAgain: 0,
  tickSkipped: 0,
  hubCrash: 0,
  instanceCrash: 0,
  instanceStall: 0,
  purge: 0,
  storeAway: 0,
  sleep: 0,
  slowClock: 0,
  zombieWrites: 0,
}

export function drawFaults(random: Random): Faults {
  const share = random.pick([0, 0.15, 0.3, 0.5, 0.9])
  const drawn: Record<string, number> = { ...noFaults }
  for (const [name, choices] of Object.entries(strengths)) if (random.is(share)) drawn[name] = random.pick(choices)
  return { ...noFaults, ...drawn }
}
