import { spanText } from '../times.ts'
import { type Check, fail, ok, warn } from './check.ts'

export interface Timed {
  /** The answer's `Date`. */
  readonly date: string | undefined
  readonly sentAt: number
  readonly tookMs: number
}

/** Milliseconds by which this machine's clock is ahead of the one that answered. */
export function aheadOf({ date, sentAt, tookMs }: Timed): number | undefined {
  // The header has no fractions: on average it is half a second old.
  const parsed = Date.parse(date ?? '')
  return Number.isNaN(parsed) ? undefined : sentAt + tookMs / 2 - (parsed + 500)
}

const skewWarnMs = 5_000
const skewFailMs = 300_000

export function checkClock(aheadMs: number, whose: 'the hub' | 'AWS' = 'the hub'): Check {
  const off = Math.abs(aheadMs)
  const says = `${spanText(off)} ${aheadMs > 0 ? 'ahead of' : 'behind'} ${whose}'s`
  // The header's own grain is a second.
  if (off <= 1_500) return ok('clock', `as ${whose}'s`)
  if (off <= skewWarnMs) return ok('clock', says)
  const late =
    whose === 'AWS' ? 'signatures hold for five minutes' : 'instances on this machine take no tasks like this'
  if (off <= skewFailMs) return warn('clock', says, `set the clock: ${late}`)
  return fail('clock', says, 'set the clock: signatures hold for five minutes')
}
