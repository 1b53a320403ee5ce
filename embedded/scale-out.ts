import type { Launcher } from '#core/ports'
import { scaleWorker } from '#core/workers/scale-worker'
import type { World } from '#core/world'

/**
 * Nudges of the scaler, one decision a second a worker: a nudge that comes too early runs at the end of that second,
 * with the most that was asked for in between (protocol 33). Before `start` they are only kept: what the feed tells of
 * an earlier hub comes before this one has an address that an instance could be given.
 */
export function createScaleOut(world: World, launcher: Launcher, onFailed: (error: unknown) => void) {
  const waiting = new Map<string, { queued: number; timer: NodeJS.Timeout | undefined }>()
  let phase: 'opening' | 'deciding' | 'stopped' = 'opening'

  function nudge(worker: string, queued: number): void {
    if (phase === 'stopped') return
    const standing = waiting.get(worker)
    if (standing !== undefined) {
      standing.queued = Math.max(standing.queued, queued)
      return
    }
    waiting.set(worker, { queued, timer: undefined })
    if (phase === 'deciding') void decide(worker)
  }

  async function decide(worker: string): Promise<void> {
    const entry = waiting.get(worker)
    if (entry === undefined || phase !== 'deciding') return
    try {
      // The local queue's count is exact, so old records add nothing to it.
      const scaled = await scaleWorker(world, launcher, { worker, recordBells: 0 })
      if (scaled.kind === 'later') {
        entry.timer = setTimeout(() => void decide(worker), scaled.ms)
        return
      }
    } catch (error) {
      onFailed(error)
    }
    waiting.delete(worker)
  }

  return {
    nudge,
    start: () => {
      phase = 'deciding'
      for (const worker of waiting.keys()) void decide(worker)
    },
    stop: () => {
      phase = 'stopped'
      for (const { timer } of waiting.values()) clearTimeout(timer)
    },
  }
}
