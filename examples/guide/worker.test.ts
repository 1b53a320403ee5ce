import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, beforeEach, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { commandOf, testCommand } from 'taskurai/testing'
import { compress } from './compress.ts'
import { parcelBook, parcelBook2 } from './contracts.ts'
import worker from './worker.ts'

let carrier: Server
/** What the carrier answers, in order; then it takes everything. */
let answers: number[]
let asked: { key: string | undefined; express: boolean }[]
let isSilent: boolean

before(async () => {
  carrier = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const { express } = JSON.parse(Buffer.concat(chunks).toString())
    asked.push({ key: request.headers['idempotency-key']?.toString(), express })
    if (isSilent) return
    const status = answers.shift() ?? 200
    response.writeHead(status).end(status === 200 ? '{ "label": "L-1", "pickUpOn": "2026-01-16" }' : 'no')
  })
  carrier.listen(0, '127.0.0.1')
  await once(carrier, 'listening')
  process.env.CARRIER_URL = `http://127.0.0.1:${(carrier.address() as AddressInfo).port}`
})

after(() => {
  carrier.closeAllConnections()
  carrier.close()
})

beforeEach(() => {
  answers = []
  asked = []
  isSilent = false
})

const book = commandOf(worker, parcelBook)
const parcel = { orderId: 'o-1', weightGrams: 1_200 }

// #region retries
test('a carrier that is away is asked again, under the same key', async () => {
  answers = [503, 503]
  const run = await testCommand(book, parcel, { retry: { maxRuns: 5, minSeconds: 10, jitter: 'none' } })
  assert.equal(run.output?.label, 'L-1')
  assert.deepEqual(
    run.runs.map(({ startedAt }) => startedAt.toISOString().slice(11, 19)),
    ['12:00:00', '12:00:10', '12:00:30'],
  )
  assert.equal(new Set(asked.map(({ key }) => key)).size, 1)
})
// #endregion

test('a parcel that the carrier refuses is not tried again', async () => {
  answers = [422]
  const run = await testCommand(book, parcel)
  assert.equal(run.error?.code, 'refused')
  assert.equal(run.runs.length, 1)
})

// #region timeout
test('a carrier that never answers runs into the time limit', async () => {
  isSilent = true
  const run = await testCommand(book, parcel, {
    retry: { maxRuns: 1 },
    onProgress: (_report, { time }) => time.pass(60),
  })
  assert.equal(run.runs[0]?.outcome, 'timed-out')
})
// #endregion

test('the last run asks for the ordinary line', async () => {
  answers = [503]
  const bulky = { ...parcel, express: true, longestSideMm: 900 }
  const run = await testCommand(commandOf(worker, parcelBook2), bulky, { retry: { maxRuns: 2 } })
  assert.equal(run.status, 'succeeded')
  assert.deepEqual(
    asked.map(({ express }) => express),
    [true, false],
  )
  assert.equal(run.logs[0]?.event, 'parcel.slowed')
})

// #region files
test('a report comes back compressed', async () => {
  const run = await testCommand(compress, {}, { files: { 'report.csv': Buffer.from('a,b\n1,2\n') } })
  const file = run.files['report.csv.gz']
  assert.equal(file?.contentType, 'application/gzip')
  assert.equal(gunzipSync(file?.bytes ?? '').toString(), 'a,b\n1,2\n')
})
// #endregion

test('input is filled with defaults, and held to its schema', async () => {
  await testCommand(book, parcel)
  assert.equal(asked[0]?.express, false)
  const tooHeavy = await testCommand(book, { ...parcel, weightGrams: 99_000 })
  assert.equal(tooHeavy.error?.code, 'invalid-input')
})
