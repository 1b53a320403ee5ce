import { expect, test } from 'vitest'
import { MEASURES } from '../../bench/measures.ts'
import { rotate, runRounds } from '../../bench/rounds.ts'
import { renderTable } from '../../bench/table.ts'
import { memorySubject } from '../support/bench-subject.ts'

const sizes = { tasks: 1_200, singles: 100, samples: 2 }

test('every measure runs on any subject, one after the other on all of them', async () => {
  const lines: string[] = []
  const subjects = [memorySubject('a', 'ours'), memorySubject('b', 'peer')]
  const { results, failures } = await runRounds({
    rounds: 1,
    subjects,
    measures: MEASURES,
    sizes,
    say: (line) => lines.push(line.split('  ').slice(1, 3).join(' ')),
  })
  expect(failures).toEqual([])
  expect(lines.slice(2)).toEqual([
    ...['a drain', 'b drain', 'b end-to-end', 'a end-to-end'],
    ...['a latency', 'b latency', 'b singles', 'a singles'],
  ])
  const figures = results[0]?.rounds[0] ?? {}
  for (const name of ['submit/s', 'run/s', 'end to end/s', 'single submits/s', 'latency p99 ms']) {
    expect(figures[name]).toBeGreaterThan(0)
  }
  expect(figures['runs too many']).toBe(0)
  expect(renderTable(results)).toContain('a : b')
})

test('a subject that breaks sits out the round, is reported, and the others go on', async () => {
  const broken = { ...memorySubject('broken', 'ours'), startWorker: () => Promise.reject(new Error('no worker')) }
  const { results, failures } = await runRounds({
    rounds: 1,
    subjects: [broken, memorySubject('whole', 'peer')],
    measures: MEASURES.filter(({ name }) => name === 'drain'),
    sizes,
    say: () => {},
  })
  expect(failures).toEqual(['round 1, broken, warm-up: Error: no worker'])
  expect(results[0]?.rounds).toEqual([{}])
  expect(results[1]?.rounds[0]?.['run/s']).toBeGreaterThan(0)
  expect(renderTable(results)).toContain('–')
})

test('who goes first changes from turn to turn', () => {
  expect(rotate(['a', 'b', 'c'], 1)).toEqual(['b', 'c', 'a'])
  expect(rotate(['a', 'b', 'c'], 5)).toEqual(['c', 'a', 'b'])
  expect(rotate([], 2)).toEqual([])
})
