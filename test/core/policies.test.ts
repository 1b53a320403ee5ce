import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bellHoldMs, leaseMarginMs, ownerAbortMs, renewEveryMs } from '#core/lease'
import { defaultRetry, retryDelayMs } from '#core/retry'

describe('retryDelayMs', () => {
  it.each([
    [1, 1_000],
    [2, 2_000],
    [4, 8_000],
    [9, 256_000],
    [10, 300_000],
    [100, 300_000],
  ])('after %i failures waits up to %i ms', (failures, capMs) => {
    expect(retryDelayMs({ ...defaultRetry, jitter: 'none' }, failures, 0)).toBe(capMs)
    expect(retryDelayMs(defaultRetry, failures, 0)).toBe(0)
    expect(retryDelayMs(defaultRetry, failures, 0.5)).toBe(capMs / 2)
  })

  it('stays within nothing and the cap, whatever the policy', () => {
    const policy = fc.record({
      maxRuns: fc.integer({ min: 1, max: 100 }),
      minSeconds: fc.double({ min: 0, max: 86_400, noNaN: true }),
      maxSeconds: fc.double({ min: 0, max: 86_400, noNaN: true }),
      factor: fc.double({ min: 1, max: 10, noNaN: true }),
      jitter: fc.constantFrom('full' as const, 'none' as const),
    })
    const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
    fc.assert(
      fc.property(policy, fc.integer({ min: 0, max: 1_000 }), chance, (retry, failures, drawn) => {
        const delayMs = retryDelayMs(retry, failures, drawn)
        expect(delayMs).toBeGreaterThanOrEqual(0)
        expect(delayMs).toBeLessThanOrEqual(Math.round(retry.maxSeconds * 1_000))
        expect(Number.isInteger(delayMs)).toBe(true)
      }),
    )
  })
})

describe('the arithmetic of leases', () => {
  it.each([
    [3, 2_250, 1_500, 1_000],
    [12, 9_000, 6_000, 4_000],
    [60, 55_000, 10_000, 20_000],
    [3_600, 3_595_000, 10_000, 1_200_000],
  ])('a lease of %i s', (leaseSeconds, abortMs, marginMs, everyMs) => {
    expect(ownerAbortMs(leaseSeconds)).toBe(abortMs)
    expect(leaseMarginMs(leaseSeconds)).toBe(marginMs)
    expect(renewEveryMs(leaseSeconds)).toBe(everyMs)
  })

  it('an owner has stopped, after two missed renewals, well before anybody may take over', () => {
    fc.assert(
      fc.property(fc.integer({ min: 3, max: 3_600 }), (leaseSeconds) => {
        expect(renewEveryMs(leaseSeconds) * 2).toBeLessThan(ownerAbortMs(leaseSeconds))
        expect(bellHoldMs(leaseSeconds) - ownerAbortMs(leaseSeconds)).toBeGreaterThanOrEqual(2_250)
      }),
    )
  })
})
