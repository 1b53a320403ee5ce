import type { Clock } from '#core/ports'

/** A gap this long between two looks means that this process did not watch: a sleeping laptop, a stopped process. */
const blindAfterMs = 10_000

export interface Sight {
  /** Since when the hub has been watching without a gap, epoch ms; who was blind does not judge (protocol 15). */
  readonly seesSince: () => number
  /** Told each second that the hub still watches. */
  readonly look: () => void
}

/** The gap is noticed by whoever asks first after it, not by the next tick: a bell may come due before that. */
export function createSight(clock: Clock): Sight {
  let since = clock.now()
  let lastLookAt = since
  const look = () => {
    const now = clock.now()
    if (now - lastLookAt > blindAfterMs) since = now
    lastLookAt = now
  }
  return {
    look,
    seesSince: () => {
      look()
      return since
    },
  }
}
