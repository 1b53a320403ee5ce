// The worker's own tests, with Node's test runner: node --import tsx --test examples/workflows/worker.test.ts
import assert from 'node:assert/strict'
import { afterEach, beforeEach, type Mock, mock, test } from 'node:test'
import { testCommand } from 'taskurai/testing'
import { orderPlace } from './order-saga.ts'
import { shop } from './shop.ts'
import { videoEncode, videoPart } from './video-fan-out.ts'

const order = { orderId: 'o-1', cents: 250_000, items: ['lamp'] }
const small = { ...order, cents: 100 }

let charge: Mock<typeof shop.charge>
beforeEach(() => {
  for (const service of ['reserve', 'release', 'refund', 'ship'] as const) mock.method(shop, service)
  charge = mock.method(shop, 'charge')
})
afterEach(() => mock.restoreAll())

/** Which services were asked, and how often. */
function asked(): Record<string, number> {
  const counts = Object.entries(shop).map(([service, call]) => [service, (call as Mock<typeof call>).mock.callCount()])
  return Object.fromEntries(counts.filter(([, count]) => count !== 0))
}

// #region approval
test('an order that the desk approves is charged and shipped', async () => {
  const run = await testCommand(orderPlace, order, {
    onWait: (_until, { signal }) => signal('decision', { approved: true, by: 'ann' }),
  })
  assert.equal(run.status, 'succeeded')
  assert.deepEqual(
    run.runs.map(({ outcome }) => outcome),
    ['suspended', 'succeeded'],
  )
  assert.deepEqual(asked(), { reserve: 1, charge: 1, ship: 1 })
})

test('an order that nobody looks at for three days is released', async () => {
  const run = await testCommand(orderPlace, order)
  assert.equal(run.error?.code, 'signal-timeout')
  assert.equal(run.runs[1]?.startedAt.toISOString(), '2026-01-18T12:00:00.000Z')
  assert.deepEqual(asked(), { reserve: 1, release: 1 })
})
// #endregion

test('an order that the desk refuses is released, and nothing is charged', async () => {
  const run = await testCommand(orderPlace, order, {
    signals: [{ name: 'decision', data: { approved: false, by: 'ann' } }],
  })
  assert.equal(run.error?.code, 'not-approved')
  assert.deepEqual(asked(), { reserve: 1, release: 1 })
})

// #region cancel
test('an order that is canceled while it waits for the desk is released', async () => {
  const run = await testCommand(orderPlace, order, { onWait: (_until, { cancel }) => cancel('ordered twice') })
  assert.equal(run.status, 'canceled')
  assert.deepEqual(asked(), { reserve: 1, release: 1 })
})
// #endregion

test('a decision that does not fit is refused at the door', async () => {
  const decision = { approved: 'maybe', by: 'ann' }
  const placing = testCommand(orderPlace, order, { onWait: (_until, { signal }) => signal('decision', decision) })
  await assert.rejects(placing, /refuses the signal decision: \/data\/approved/)
})

test('a parcel that no carrier takes: what was done is undone once, in reverse', async () => {
  const run = await testCommand(orderPlace, { ...small, items: ['anvil'] })
  assert.equal(run.error?.code, 'too-heavy')
  assert.deepEqual(
    run.steps.map(({ id, state }) => `${id} ${state}`),
    ['reserve done', 'charge done', 'ship failed', 'refund done', 'release done'],
  )
  assert.deepEqual(asked(), { reserve: 1, charge: 1, refund: 1, release: 1 })
})

// #region crash
test('an instance that dies while it undoes: nothing is undone twice', async () => {
  const run = await testCommand(
    orderPlace,
    { ...small, items: ['anvil'] },
    { onStep: ({ id }, { crash }) => id === 'refund' && crash() },
  )
  assert.equal(run.error?.code, 'too-heavy')
  assert.deepEqual(asked(), { reserve: 1, charge: 1, refund: 1, release: 1 })
})
// #endregion

test('a bank that is away for a moment is asked again', async () => {
  charge.mock.mockImplementationOnce(() => {
    throw new Error('the bank is away')
  })
  const run = await testCommand(orderPlace, small)
  assert.equal(run.status, 'succeeded')
  assert.equal(charge.mock.callCount(), 2)
})

// #region fan
test('a video is encoded in parts of a minute, and joined in order', async () => {
  const run = await testCommand(
    videoEncode,
    { video: 'holiday', seconds: 150 },
    { subTasks: { 'video.part': ({ from }: { from: number }) => ({ file: `part-${from}`, bytes: from + 1 }) } },
  )
  assert.deepEqual(run.output, { file: 'holiday.mp4', bytes: 183, parts: 3 })
  assert.deepEqual(
    run.subTasks.map((task) => task.arguments),
    [
      { video: 'holiday', from: 0, to: 60 },
      { video: 'holiday', from: 60, to: 120 },
      { video: 'holiday', from: 120, to: 150 },
    ],
  )
})

test('a part that fails fails the video', async () => {
  const full = () => {
    throw new Error('no room on the disk')
  }
  const run = await testCommand(videoEncode, { video: 'holiday', seconds: 60 }, { subTasks: { 'video.part': full } })
  assert.match(run.error?.message ?? '', /no room on the disk/)
})
// #endregion

test('the real part fits the whole', async () => {
  const run = await testCommand(
    videoEncode,
    { video: 'holiday', seconds: 610 },
    { subTasks: { 'video.part': videoPart } },
  )
  assert.deepEqual(run.output, { file: 'holiday.mp4', bytes: 610_000, parts: 11 })
})
