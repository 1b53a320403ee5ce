import { clockStateKey } from './keys.ts'
import type { Clock, Store } from './ports.ts'

/**
 * Since when a hub without a process of its own has been watching (protocol 15). The clock writes down each of its
 * ticks; every other part reads them and believes them for a minute.
 */

/** One tick as it was written down. */
export interface Tick {
  readonly at: number
  /** Since when ticks have come without a gap. */
  readonly seesSince: number
}

export const tickKey = clockStateKey('TICK')
/** Three ticks that did not come: then the hub was blind. */
export const blindAfterMs = 180_000
const believedMs = 60_000

export interface Sight {
  /** By the last look. Who could not look for so long was blind himself, and so is one that never looked. */
  readonly seesSince: () => number
  /** To be called before anything is judged. Reads once a minute; a store that is away leaves all as it was. */
  readonly look: () => Promise<void>
  /** The clock's own way: it knows the tick, since it has just written it. */
  readonly take: (tick: Tick) => void
}

export function createSight(store: Pick<Store, 'get'>, clock: Clock): Sight {
  /** Since when nothing that could be believed was seen. */
  let blindSince: number | undefined = clock.now()
  let seesSince = 0
  let takenAtMs = Number.NEGATIVE_INFINITY

  function take(tick: Tick | undefined): void {
    const now = clock.now()
    takenAtMs = clock.monotonicMs()
    if (tick === undefined || now - tick.at > blindAfterMs) {
      blindSince ??= now
      return
    }
    blindSince = undefined
    seesSince = tick.seesSince
  }

  return {
    take,
    look: async () => {
      if (clock.monotonicMs() - takenAtMs < believedMs) return
      const read = await store.get(tickKey).catch(() => 'away' as const)
      if (read !== 'away') take(read?.data as Tick | undefined)
    },
    seesSince: () => {
      if (blindSince !== undefined) return Math.max(blindSince, seesSince)
      return clock.monotonicMs() - takenAtMs > blindAfterMs ? clock.now() : seesSince
    },
  }
}
