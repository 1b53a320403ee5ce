import type { Launcher } from '#core/ports'
import { scaleWorker } from '#core/workers/scale-worker'
import type { World } from '#core/world'

/** Scale-out of one batch of records (protocol 33). What fails here waits for the clock: it fails no batch. */
export interface ScaleOut {
  /** The first word about a worker counts: a batch that is worked off again says the same. */
  readonly nudge: (worker: string, queued: number) => void
  readonly settled: () => Promise<void>
}

export interface ScaleOutAsk {
  readonly world: World
  readonly launcher: Launcher
  readonly remainingMs: () => number
}

/** What a decision may take, and the answer after it. */
const reserveMs = 10_000

export function startScaleOut({ world, launcher, remainingMs }: ScaleOutAsk): ScaleOut {
  const looks = new Map<string, Promise<void>>()

  async function look(worker: string, recordBells: number): Promise<void> {
    try {
      const scaled = await scaleWorker(world, launcher, { worker, recordBells })
      if (scaled.kind !== 'later' || remainingMs() < scaled.ms + reserveMs) return
      // Nobody else may look before the minute is over, so this one comes at the end of the second.
      await world.clock.wait(scaled.ms)
      await scaleWorker(world, launcher, { worker, recordBells })
    } catch (error) {
      world.log.warn('reactor.scale-failed', { worker, error: String(error) })
    }
  }

  return {
    nudge: (worker, queued) => {
      if (!looks.has(worker)) looks.set(worker, look(worker, queued))
    },
    settled: async () => {
      await Promise.all(looks.values())
    },
  }
}
