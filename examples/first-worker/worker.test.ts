import assert from 'node:assert/strict'
import { test } from 'node:test'
import { commandOf, testCommand } from 'taskurai/testing'
import worker from './worker.ts'

const greet = commandOf(worker, 'hello.greet')

test('greets by name', async () => {
  const run = await testCommand(greet, { name: 'Ada' })
  assert.equal(run.status, 'succeeded')
  assert.equal(run.output, 'Hello Ada!')
  assert.equal(run.progress[0]?.message, 'thinking of something nice')
})

test('does not greet nobody', async () => {
  const run = await testCommand(greet, { name: '' })
  assert.equal(run.error?.code, 'invalid-input')
})
