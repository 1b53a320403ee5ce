import assert from 'node:assert/strict'
import { test } from 'node:test'
import { commandOf, testCommand } from 'taskurai/testing'
import { salesExport } from './contracts.ts'
import worker from './worker.ts'

const exportSales = commandOf(worker, salesExport)

test('an export tells each month and leaves its file', async () => {
  const run = await testCommand(exportSales, { year: 2025 })
  assert.deepEqual(run.output?.rows, 365 * 40)
  assert.equal(run.progress.length, 12)
  const csv = Buffer.from(run.files['sales.csv']?.bytes ?? []).toString()
  assert.match(csv, /^day,article,quantity,amount\n2025-01-01,/)
})

test('an export that is canceled in June leaves none', async () => {
  const run = await testCommand(
    exportSales,
    { year: 2025 },
    {
      onProgress: ({ message }, { cancel }) => message === '2025-06' && cancel(),
    },
  )
  assert.equal(run.status, 'canceled')
  assert.deepEqual(run.files, {})
})
