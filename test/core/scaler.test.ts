import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  afterFailedStart,
  afterRefusal,
  askAgainAt,
  type Breaker,
  type Refusal,
  type ScaleInput,
  scale,
  startsMost,
} from '#core/scaler'

const base: ScaleInput = {
  now: 1_000,
  scaling: { min: 0, max: 4, tasksPerInstance: 10 },
  paused: false,
  bells: 0,
  live: 0,
  freeSlots: 0,
  starting: 0,
  stuckLooks: 0,
}

describe('scale', () => {
  it.each<[string, Partial<ScaleInput>, number | string]>([
    ['nothing to do', {}, 'enough'],
    ['one message from zero starts exactly one', { bells: 1 }, 1],
    ['one is already starting', { bells: 10, starting: 1 }, 'enough'],
    ['more than the starting one can take', { bells: 11, starting: 1 }, 1],
    ['a full instance looks idle, and yet another one is needed', { bells: 1, live: 1, freeSlots: 0 }, 1],
    ['free slots take it', { bells: 5, live: 1, freeSlots: 5 }, 'enough'],
    ['as many as the rest needs', { bells: 25, live: 1, freeSlots: 3 }, 3],
    ['never more than the maximum', { bells: 1_000 }, 4],
    ['at the maximum', { bells: 1_000, live: 3, starting: 1 }, 'at-max'],
    ['the minimum is kept without any message', { scaling: { min: 2, max: 4, tasksPerInstance: 10 }, live: 1 }, 1],
    [
      'starting ones count for the minimum',
      { scaling: { min: 2, max: 4, tasksPerInstance: 10 }, starting: 2 },
      'enough',
    ],
    ['paused', { bells: 100, paused: true }, 'paused'],
    ['bells that stay beside free slots: those do not count', { bells: 5, live: 1, freeSlots: 9, stuckLooks: 2 }, 1],
    ['one look is not enough for that', { bells: 5, live: 1, freeSlots: 9, stuckLooks: 1 }, 'enough'],
    ['the breaker is open', { bells: 1, breaker: { failures: 3, openUntil: 1_001 } }, 'breaker'],
    ['the breaker has closed: one on trial', { bells: 40, breaker: { failures: 3, openUntil: 1_000 } }, 1],
    ['the trial is under way', { bells: 40, starting: 1, breaker: { failures: 3, openUntil: 1_000 } }, 'breaker'],
    ['one that failed once or twice is no reason yet', { bells: 40, breaker: { failures: 2, openUntil: 0 } }, 4],
    ['launches are refused', { bells: 1, refusal: { openUntil: 1_001 } }, 'refused'],
    ['the delay after a refusal is over', { bells: 40, refusal: { openUntil: 1_000 } }, 4],
    ['a maximum of none', { bells: 1, scaling: { min: 0, max: 0, tasksPerInstance: 1 } }, 'at-max'],
    ['a new generation: one, though what runs is enough', { live: 2, freeSlots: 9, isNewWanted: true }, 1],
    ['a new generation where nothing runs: it comes with the work', { isNewWanted: true }, 'enough'],
    ['a new generation at the maximum: one beside those that leave for it', { live: 4, isNewWanted: true }, 1],
    ['that and more work: still one', { live: 4, bells: 1_000, isNewWanted: true }, 1],
    ['above the maximum already', { live: 5, bells: 1_000, isNewWanted: true }, 'at-max'],
    [
      'a new generation while one of it failed often',
      { live: 1, isNewWanted: true, breaker: { failures: 3, openUntil: 1_001 } },
      'breaker',
    ],
    ['a new generation of a paused worker', { live: 1, isNewWanted: true, paused: true }, 'paused'],
    ['one slot an instance', { bells: 3, scaling: { min: 0, max: 9, tasksPerInstance: 1 }, starting: 1 }, 2],
    [
      'more at once than one decision starts',
      { bells: 9_000, scaling: { min: 0, max: 900, tasksPerInstance: 1 } },
      100,
    ],
    ['more live than there may be, after the maximum was lowered', { bells: 50, live: 6 }, 'at-max'],
  ])('%s', (_, changes, expected) => {
    const decision = scale({ ...base, ...changes })
    expect(decision.kind === 'start' ? decision.count : decision.why).toBe(expected)
  })

  const input = fc
    .record({
      min: fc.nat(20),
      more: fc.nat(50),
      tasksPerInstance: fc.integer({ min: 1, max: 50 }),
      bells: fc.nat(5_000),
      live: fc.nat(60),
      freeSlots: fc.nat(500),
      starting: fc.nat(60),
      stuckLooks: fc.nat(3),
      paused: fc.boolean(),
      isNewWanted: fc.boolean(),
      breaker: fc.option(fc.record({ failures: fc.nat(5), openUntil: fc.constantFrom(0, 2_000) }), { nil: undefined }),
      refusal: fc.option(fc.record({ openUntil: fc.constantFrom(0, 2_000) }), { nil: undefined }),
    })
    .map(({ min, more, tasksPerInstance, ...rest }): ScaleInput => {
      return { ...base, ...rest, scaling: { min, max: min + more, tasksPerInstance } }
    })

  /** The one of a new generation may stand beside as many as there may be. */
  const mostOf = ({ isNewWanted, live, scaling }: ScaleInput) =>
    isNewWanted === true && live > 0 && scaling.max > 0 ? scaling.max + 1 : scaling.max
  const countOf = (ask: ScaleInput) => {
    const decision = scale(ask)
    return decision.kind === 'start' ? decision.count : 0
  }

  it('never goes above the maximum, nor beyond what the messages and the minimum need', () => {
    fc.assert(
      fc.property(input, (ask) => {
        const decision = scale(ask)
        if (decision.kind === 'hold') return
        const { min, tasksPerInstance } = ask.scaling
        const present = ask.live + ask.starting
        expect(decision.count).toBeGreaterThan(0)
        expect(decision.count).toBeLessThanOrEqual(startsMost)
        expect(present + decision.count).toBeLessThanOrEqual(mostOf(ask))
        const needed = Math.ceil(ask.bells / tasksPerInstance)
        const first = ask.isNewWanted === true && ask.live > 0 ? 1 : 0
        expect(decision.count).toBeLessThanOrEqual(Math.max(needed, min - present, first))
      }),
    )
  })

  it('leaves no message without a slot that is free or coming, unless it says why', () => {
    fc.assert(
      fc.property(input, (ask) => {
        const decision = scale(ask)
        if (decision.kind === 'hold' && decision.why !== 'enough') return
        const count = decision.kind === 'start' ? decision.count : 0
        const { tasksPerInstance } = ask.scaling
        const free = ask.stuckLooks >= 2 ? 0 : ask.freeSlots
        const slots = free + (ask.starting + count) * tasksPerInstance
        const isTrial = (ask.breaker?.failures ?? 0) >= 3 && count === 1
        const isAll = count === startsMost || ask.live + ask.starting + count === mostOf(ask)
        expect(slots >= ask.bells || isAll || isTrial).toBe(true)
      }),
    )
  })

  it('starts nothing while it is paused, refused, or its image on trial', () => {
    fc.assert(
      fc.property(input, (ask) => {
        expect(countOf({ ...ask, paused: true })).toBe(0)
        expect(countOf({ ...ask, breaker: { failures: 3, openUntil: ask.now + 1 } })).toBe(0)
        expect(countOf({ ...ask, refusal: { openUntil: ask.now + 1 } })).toBe(0)
        expect(countOf({ ...ask, breaker: { failures: 3, openUntil: 0 } })).toBeLessThanOrEqual(1)
      }),
    )
  })

  it('never starts fewer for more messages, nor more for more slots that are free or coming', () => {
    fc.assert(
      fc.property(input, fc.nat(100), (ask, more) => {
        const count = countOf(ask)
        expect(countOf({ ...ask, bells: ask.bells + more })).toBeGreaterThanOrEqual(count)
        expect(countOf({ ...ask, freeSlots: ask.freeSlots + more })).toBeLessThanOrEqual(count)
        expect(countOf({ ...ask, starting: ask.starting + more })).toBeLessThanOrEqual(count)
      }),
    )
  })

  it('is done after as many looks as its steps ask for: what it started counts in the next one', () => {
    fc.assert(
      fc.property(input, (asked) => {
        let ask = asked
        const looksMost = Math.ceil(mostOf(asked) / startsMost) + 1
        for (let looks = 0; looks < looksMost; looks++) {
          ask = { ...ask, starting: ask.starting + countOf(ask), isNewWanted: false }
        }
        expect(countOf(ask)).toBe(0)
      }),
    )
  })
})

describe('the breaker', () => {
  it('opens at the third failed start, for 30 s doubling to 10 min', () => {
    const delays: number[] = []
    let breaker: Breaker | undefined
    let now = 1_000
    for (let failures = 1; failures <= 10; failures++) {
      breaker = afterFailedStart(breaker, 'no such image', now)
      delays.push(Math.max(0, breaker.openUntil - now) / 1_000)
      now = Math.max(now, breaker.openUntil)
    }
    expect(delays).toEqual([0, 0, 30, 60, 120, 240, 480, 600, 600, 600])
    expect(breaker).toMatchObject({ failures: 10, reason: 'no such image' })
  })

  it('many that fail at once open it for 30 s, not for minutes', () => {
    let breaker: Breaker | undefined
    for (let failures = 1; failures <= 50; failures++) breaker = afterFailedStart(breaker, `exit ${failures}`, 0)
    expect(breaker).toEqual({ failures: 3, openUntil: 30_000, reason: 'exit 50' })
  })
})

describe('refusals', () => {
  it.each<[Refusal['reason'], readonly number[]]>([
    ['quota', [30, 60, 120, 240, 480, 600, 600]],
    ['capacity', [30, 60, 120, 240, 480, 600, 600]],
    ['role', [10, 20, 40, 80, 160, 320, 600]],
    ['rate', [2, 4, 8, 16, 32, 64, 128]],
  ])('%s: delays from the first one on, doubling to 10 min', (reason, seconds) => {
    const delays: number[] = []
    let refusal: Refusal | undefined
    for (const _ of seconds) {
      refusal = afterRefusal(refusal, { reason, message: 'no' }, 0)
      delays.push(refusal.openUntil / 1_000)
    }
    expect(delays).toEqual(seconds)
  })

  it('another reason begins anew', () => {
    const capacity = afterRefusal(undefined, { reason: 'capacity', message: 'full' }, 0)
    expect(afterRefusal(capacity, { reason: 'quota', message: 'at 6 vCPUs' }, 0)).toEqual({
      reason: 'quota',
      message: 'at 6 vCPUs',
      tries: 1,
      openUntil: 30_000,
    })
  })
})

it('a launch without an answer is asked for again after 1 s, doubling to a minute', () => {
  const seconds = [1, 2, 3, 4, 5, 6, 7, 8].map((tries) => askAgainAt(tries, 0) / 1_000)
  expect(seconds).toEqual([1, 2, 4, 8, 16, 32, 60, 60])
})
