import { expect, it } from 'vitest'
import { createSight } from '../../embedded/sight.ts'

function handClock(start: number) {
  let now = start
  return {
    pass: (ms: number) => {
      now += ms
    },
    clock: { now: () => now, monotonicMs: () => now, wait: async () => undefined },
  }
}

it('sees since its start while it looks each second', () => {
  const { clock, pass } = handClock(1_000)
  const sight = createSight(clock)
  for (let second = 0; second < 60; second++) {
    pass(1_000)
    sight.look()
  }
  expect(sight.seesSince()).toBe(1_000)
})

it('sees only since now for whoever asks first after a gap, before any tick', () => {
  const { clock, pass } = handClock(1_000)
  const sight = createSight(clock)
  pass(45_000)
  expect(sight.seesSince()).toBe(46_000)
  pass(500)
  expect(sight.seesSince()).toBe(46_000)
})
