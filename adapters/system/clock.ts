import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '#core/ports'

/** The machine's clocks. `monotonicMs` starts with the process and never jumps. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  wait: async (ms, signal) => {
    // A longer timer would overflow and fire at once.
    await sleep(Math.min(ms, 2_147_483_647), undefined, signal === undefined ? {} : { signal })
  },
}
