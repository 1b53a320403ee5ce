import { limits } from './contract/limits.ts'
import type { Retry } from './contract/task.ts'

export const defaultRetry: Retry = { maxRuns: 3, minSeconds: 1, maxSeconds: 300, factor: 2, jitter: 'full' }

/**
 * How long to wait before the next run, in milliseconds: exponential, capped, with full jitter (AWS Architecture Blog,
 * "Exponential Backoff and Jitter"): anything between nothing and the cap of that step, evenly.
 *
 * @param failures how many runs have failed, at least 1
 * @param chance a number from 0 (included) to 1 (excluded), from the randomness port
 */
export function retryDelayMs(retry: Retry, failures: number, chance: number): number {
  const step = retry.minSeconds * retry.factor ** (Math.min(limits.retryRuns, Math.max(1, failures)) - 1)
  const capMs = Math.min(retry.maxSeconds, step) * 1_000
  return retry.jitter === 'none' ? Math.round(capMs) : Math.floor(chance * capMs)
}
