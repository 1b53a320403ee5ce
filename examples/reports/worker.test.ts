// The worker's own tests, with Node's test runner: node --import tsx --test examples/reports/worker.test.ts
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { commandOf, testCommand } from 'taskurai/testing'
import { CHART, reportDelays } from './contracts.ts'
import worker from './worker.ts'

const delays = commandOf(worker, reportDelays)

test('a report has small numbers and a chart, and tells how far it is', async () => {
  const run = await testCommand(delays, { airport: 'JFK' })
  assert.equal(run.status, 'succeeded', run.error?.message)
  assert.ok((run.output?.flights ?? 0) > 1_000)
  assert.equal(run.files[CHART]?.public, true)
  const percents = run.progress.map(({ percent }) => percent)
  assert.deepEqual(
    percents,
    percents.toSorted((a, b) => a - b),
  )
  assert.equal(percents.at(-1), 100)
})

test('an airport without flights fails at once', async () => {
  const run = await testCommand(delays, { airport: 'ZZZ' })
  assert.equal(run.error?.code, 'no-flights')
  assert.equal(run.runs.length, 1)
})

test('a cancel in the middle leaves no chart', async () => {
  const run = await testCommand(delays, {}, { onProgress: (_report, { cancel }) => cancel('asked for the wrong year') })
  assert.equal(run.status, 'canceled')
  assert.deepEqual(run.files, {})
})
