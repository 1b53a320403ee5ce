// The worker's own tests, with Node's test runner: node --import tsx --test examples/orders/worker.test.ts
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { commandOf, testCommand } from 'taskurai/testing'
import { orderConfirm, orderMail } from './contracts.ts'
import type { Order } from './order.ts'
import { readOrders } from './orders.ts'
import worker from './worker.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orders-'))
  process.env.ORDERS_OUT = folder
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const confirm = commandOf(worker, orderConfirm)
const [order] = readOrders()
assert.ok(order)

test('an order becomes a PDF, in four stages', async () => {
  const run = await testCommand(confirm, order, { externalId: order.id })
  assert.equal(run.status, 'succeeded')
  assert.deepEqual(
    run.progress.map(({ percent }) => percent),
    [10, 40, 80, 100],
  )
  const pdf = await readFile(join(folder, run.output?.file ?? ''))
  assert.equal(pdf.length, run.output?.bytes)
})

test('an order without lines is refused, and not tried again', async () => {
  const empty: Order = { ...order, lines: [] }
  const run = await testCommand(confirm, empty)
  assert.equal(run.error?.code, 'invalid-input')
  assert.equal(run.runs.length, 1)
})

test('a full disk is tried again, after a backoff that takes no time here', async () => {
  // A file where the folder should be: nothing can be written until somebody makes room.
  await writeFile(join(folder, 'confirmations'), 'in the way')
  const run = await testCommand(confirm, order, {
    onWait: (_until, { run }) => {
      if (run === 3) process.env.ORDERS_OUT = join(folder, 'elsewhere')
    },
  })
  assert.deepEqual(
    run.runs.map(({ outcome }) => outcome),
    ['failed', 'failed', 'succeeded'],
  )
})

test('a cancel between two stages leaves no PDF', async () => {
  const run = await testCommand(confirm, order, {
    onProgress: ({ percent }, { cancel }) => percent === 40 && cancel('ordered twice'),
  })
  assert.equal(run.status, 'canceled')
  await assert.rejects(readFile(join(folder, `confirmations/order-${order.id}.pdf`)))
})

test('an instance that dies in the middle costs a run, and the mail is there all the same', async () => {
  const run = await testCommand(commandOf(worker, orderMail), order, {
    onProgress: ({ run, percent }, { crash }) => run === 1 && percent > 50 && crash(),
  })
  assert.deepEqual(
    run.runs.map(({ outcome }) => outcome),
    ['crashed', 'succeeded'],
  )
  assert.equal(run.output?.to, order.customer.email)
})
