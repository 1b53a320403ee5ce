import { expect, test } from 'vitest'
import { choose, MAX_ROUNDS, parseOptions } from '../../bench/options.ts'

const from = {
  subjects: [{ name: 'ours' }, { name: 'peer' }],
  measures: [{ name: 'drain' }, { name: 'latency' }],
}

test('without arguments the bench runs three rounds of everything', () => {
  const options = parseOptions([])
  expect(options).toMatchObject({ rounds: 3, only: [], sizes: { tasks: 20_000, singles: 5_000, samples: 300 } })
  expect(choose(options.only, from)).toEqual(from)
})

test('--only names subjects, measures or both', () => {
  const { only } = parseOptions(['--only', 'peer,latency'])
  expect(choose(only, from)).toEqual({ subjects: [{ name: 'peer' }], measures: [{ name: 'latency' }] })
  expect(choose(['drain'], from)).toEqual({ subjects: from.subjects, measures: [{ name: 'drain' }] })
})

test('an unknown name is told with those that exist', () => {
  expect(() => choose(['redis'], from)).toThrow('--only knows ours, peer, drain, latency, not redis')
})

test.each(['0', '-1', '1.5', 'many', String(MAX_ROUNDS + 1)])('--rounds %s is refused', (rounds) => {
  expect(() => parseOptions([`--rounds=${rounds}`])).toThrow(`--rounds is a number from 1 to ${MAX_ROUNDS}`)
})
