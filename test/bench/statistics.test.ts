import { expect, test } from 'vitest'
import { median, percentile, timesBetter } from '../../bench/statistics.ts'

test('a percentile is the smallest sample that covers the share', () => {
  const samples = Array.from({ length: 300 }, (_, i) => 300 - i)
  expect(percentile(samples, 0.5)).toBe(150)
  expect(percentile(samples, 0.99)).toBe(297)
  expect(percentile([7], 0.99)).toBe(7)
  expect(percentile([], 0.5)).toBeNaN()
})

test('the median of an even number of samples lies between the middle two', () => {
  expect(median([3, 1, 2])).toBe(2)
  expect(median([4, 1, 2, 3])).toBe(2.5)
  expect(median([])).toBeNaN()
})

test('above 1 is better than the peer, for rates and for costs', () => {
  expect(timesBetter('end to end/s', [200, 400, 90], [100, 200, 90])).toBe(2)
  expect(timesBetter('server CPU µs', [50], [100])).toBe(2)
})

test('a round in which one side failed is left out of the ratio', () => {
  expect(timesBetter('run/s', [Number.NaN, 300], [100, 100])).toBe(3)
  expect(timesBetter('run/s', [300], [])).toBeNaN()
})
