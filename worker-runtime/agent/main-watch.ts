import { sharedMonotonicMs } from '#adapters/process/monotonic'
import type { Board } from '../link.ts'

/** Whether the main thread's event loop turns, by the beat that it leaves on the board. */

/** Four beats missed; a handler that computes for so long keeps its tasks, but gets no new ones meanwhile. */
const missedMostMs = 1_000

export interface MainWatch {
  readonly look: (now: number) => void
  readonly isTurning: () => boolean
  readonly blockedMs: () => number
}

export function createMainWatch(board: Board): MainWatch {
  let beat = Atomics.load(board.beat, 0)
  let changedAtMs = sharedMonotonicMs()
  const blockedMs = () => sharedMonotonicMs() - changedAtMs
  return {
    look: (now) => {
      const seen = Atomics.load(board.beat, 0)
      if (seen === beat) return
      beat = seen
      changedAtMs = now
    },
    isTurning: () => blockedMs() < missedMostMs,
    blockedMs,
  }
}
