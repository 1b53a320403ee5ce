import { clockStateKey } from '#core/keys'
import type { World } from '#core/world'

/** How far the reactor is behind, told to the clock while it is much (protocol 11): nothing is written as long as all is well. */

const key = clockStateKey('FEED-LAG')
const worthTellingMs = 5 * 60_000
const tellEveryMs = 60_000
/** Batches that fail come again within minutes, so a reactor that is behind tells it more often than that. */
const believedMs = 10 * 60_000

interface FeedLag {
  readonly at: number
  readonly lagMs: number
}

export type TellFeedLag = (oldestAt: number) => Promise<void>

export function createTellFeedLag(world: World): TellFeedLag {
  let toldAtMs = Number.NEGATIVE_INFINITY
  return async (oldestAt) => {
    const at = world.clock.now()
    const lagMs = at - oldestAt
    const nowMs = world.clock.monotonicMs()
    if (lagMs <= worthTellingMs || nowMs - toldAtMs < tellEveryMs) return
    toldAtMs = nowMs
    world.log.warn('reactor.behind', { lagMs })
    const data: FeedLag = { at, lagMs }
    const item = { ...key, born: world.ids.token(), n: 1, data }
    await world.store.commit({ write: { kind: 'put', item, condition: { kind: 'any' } } })
  }
}

/** How old the oldest change is that has not been worked off, as far as the reactor has told lately. */
export async function readFeedLagMs(world: World): Promise<number> {
  const item = await world.store.get(key)
  if (item === undefined) return 0
  const { at, lagMs } = item.data as FeedLag
  return world.clock.now() - at < believedMs ? lagMs : 0
}
