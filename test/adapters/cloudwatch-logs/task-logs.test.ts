import { expect, it } from 'vitest'
import { openCloudWatchTaskLogs } from '#adapters/cloudwatch-logs/task-logs'
import { limits } from '#core/contract/limits'
import type { LoggedTask } from '#core/ports'
import { type FakeLogs, startFakeLogs } from '../../support/engines/fake-logs.ts'

const group = '/taskurai/demo/worker/orders'
const createdAt = Date.parse('2026-11-30T08:00:00.000Z')
const task: LoggedTask = { id: '01K9Z0000000000000000000AB', born: 'b', worker: 'orders', createdAt }

/** The log of one worker's group, with a clock that the test moves. */
async function startLogs() {
  const logs = await startFakeLogs()
  let now = createdAt + 1_000
  const open = () =>
    openCloudWatchTaskLogs({ client: logs.client, hub: 'demo', clock: { now: () => now, monotonicMs: () => now } })
  return {
    logs,
    pass: (ms: number) => {
      now += ms
    },
    /** Each page by a port of its own: a function's process knows nothing of the one that answered before. */
    page: (cursor?: string, more: Partial<LoggedTask> & { readonly limit?: number } = {}) => {
      const { limit = limits.logPage, ...rest } = more
      return open().read({ ...task, ...rest }, { cursor, limit })
    },
    [Symbol.asyncDispose]: () => logs[Symbol.asyncDispose](),
  }
}
type Logs = Awaited<ReturnType<typeof startLogs>>

function line(event: string, more: Readonly<Record<string, unknown>> = {}): string {
  const of = { task: task.id, run: 1, correlation: 'c', command: 'order.confirm@1' }
  return JSON.stringify({ level: 'info', event, ...of, ...more })
}

function say(logs: FakeLogs, afterMs: number, event: string, more: Readonly<Record<string, unknown>> = {}): void {
  logs.put(group, { timestamp: createdAt + afterMs, message: line(event, more) })
}

/** Follows to the end; answers the texts, and the last cursor. */
async function readAll({ page }: Logs, cursor?: string, limit?: number) {
  const texts: string[] = []
  let at = cursor
  for (let pages = 0; pages < 10_000; pages++) {
    const got = await page(at, limit === undefined ? {} : { limit })
    texts.push(...got.lines.map(({ text }) => text))
    at = got.cursor
    if (got.lines.length === 0 && got.more !== true) return { texts, cursor: at }
  }
  throw new Error('it never ends')
}

it('answers the lines of the task, and of no other, nor what others print', async () => {
  await using hub = await startLogs()
  say(hub.logs, 5, 'order.read', { orderId: 'o-1' })
  say(hub.logs, 6, 'of.another', { task: '01K9Z0000000000000000000AC' })
  hub.logs.put(group, { timestamp: createdAt + 7, message: 'a text without fields' })
  hub.logs.put(group, { timestamp: createdAt + 8, message: JSON.stringify({ task: task.id, msg: 'of a library' }) })
  say(hub.logs, 9, 'pdf.failed', { level: 'error', run: 2, why: 'no font' })
  expect(await hub.page()).toEqual({
    lines: [
      { at: '2026-11-30T08:00:00.005Z', level: 'info', run: 1, text: 'order.read orderId=o-1' },
      { at: '2026-11-30T08:00:00.009Z', level: 'error', run: 2, text: 'pdf.failed why="no font"' },
    ],
    cursor: expect.any(String),
    lateSeconds: 10,
  })
  expect(hub.logs.calls).toEqual([
    { logGroupName: group, filterPattern: `{ $.task = "${task.id}" }`, startTime: createdAt, limit: limits.logPage },
  ])
})

it('who follows gets each line once, also those that come late, behind later ones', async () => {
  await using hub = await startLogs()
  say(hub.logs, 100, 'one')
  const first = await hub.page()
  say(hub.logs, 300, 'three')
  const second = await hub.page(first.cursor)
  expect(second.lines.map(({ text }) => text)).toEqual(['three'])
  say(hub.logs, 200, 'two, of another instance')
  const third = await hub.page(second.cursor)
  expect(third.lines.map(({ text }) => text)).toEqual(['two, of another instance'])
  expect((await hub.page(third.cursor)).lines).toEqual([])
})

it('a page ends anywhere, also within a millisecond, and pages of one give the same as one page', async () => {
  await using hub = await startLogs()
  const wanted = Array.from({ length: 30 }, (_, n) => `line ${n}`)
  for (const [n, text] of wanted.entries()) say(hub.logs, Math.floor(n / 10), text)
  expect((await readAll(hub)).texts).toEqual(wanted)
  expect((await readAll(hub, undefined, 7)).texts).toEqual(wanted)
  expect((await readAll(hub, undefined, 1)).texts).toEqual(wanted)
})

it('a flood is read whole and once, whatever a cursor can hold', { timeout: 60_000 }, async () => {
  await using hub = await startLogs()
  // A thousand in one millisecond, and more in the next ones than a cursor remembers.
  const wanted = Array.from({ length: 3_000 }, (_, n) => `line ${n}`)
  for (const [n, text] of wanted.entries()) say(hub.logs, n < 1_000 ? 5 : 5 + Math.ceil((n - 999) / 300), text)
  const { texts, cursor } = await readAll(hub, undefined, 333)
  expect(texts).toEqual(wanted)
  expect(cursor?.length).toBeLessThan(limits.logCursorChars)
  say(hub.logs, 900, 'the last')
  expect((await readAll(hub, cursor)).texts).toEqual(['the last'])
})

it('a search that has to look through much goes on where it was, over several requests', async () => {
  await using hub = await startLogs()
  hub.logs.scannedByPage = 2
  for (let n = 0; n < 50; n++) say(hub.logs, n, 'of another', { task: 'other' })
  say(hub.logs, 60, 'found')
  const first = await hub.page()
  expect(first).toMatchObject({ lines: [], more: true })
  expect(hub.logs.calls).toHaveLength(10)
  const second = await hub.page(first.cursor)
  expect(second).toMatchObject({ lines: [], more: true })
  const third = await hub.page(second.cursor)
  expect(third.lines.map(({ text }) => text)).toEqual(['found'])
  // Twice 10 pages and 6: nothing was looked through twice.
  expect(hub.logs.calls).toHaveLength(26)
  expect((await readAll(hub, third.cursor)).texts).toEqual([])
})

it('a search whose token is over begins anew', async () => {
  await using hub = await startLogs()
  hub.logs.scannedByPage = 1
  for (let n = 0; n < 12; n++) say(hub.logs, n, 'of another', { task: 'other' })
  say(hub.logs, 60, 'found')
  const { cursor } = await hub.page()
  hub.logs.fates.push({ type: 'InvalidParameterException', message: 'The specified nextToken is expired.' })
  hub.logs.scannedByPage = 100
  expect((await hub.page(cursor)).lines.map(({ text }) => text)).toEqual(['found'])
})

it('a task that says nothing for long is not looked for from its beginning again and again', async () => {
  await using hub = await startLogs()
  hub.logs.makeGroup(group)
  const { cursor } = await hub.page()
  hub.pass(86_400_000)
  const later = await hub.page(cursor)
  say(hub.logs, 86_400_500, 'at last')
  expect((await hub.page(later.cursor)).lines).toHaveLength(1)
  const starts = hub.logs.calls.map(({ startTime }) => Number(startTime) - createdAt)
  expect(starts).toEqual([0, 0, 86_400_000 + 1_000 - 60_000])
})

it('looks a little behind the end of the task, and not further', async () => {
  await using hub = await startLogs()
  say(hub.logs, 2_000, 'just behind its end')
  say(hub.logs, 2_000_000, 'of a later life')
  const { lines } = await hub.page(undefined, { stoppedAt: createdAt + 1_000 })
  expect(lines.map(({ text }) => text)).toEqual(['just behind its end'])
})

it.each([
  ['a worker whose group is not there, or not one of this hub’s', {}],
  ['a developer’s own instance, which prints where it was started', { worker: 'orders~ann' }],
])('%s has no lines', async (_, of) => {
  await using hub = await startLogs()
  expect((await hub.page(undefined, of)).lines).toEqual([])
})

it('says that it cannot read now where CloudWatch refuses for a while, and all is there afterwards', async () => {
  await using hub = await startLogs()
  say(hub.logs, 1, 'one')
  const throttled = { type: 'ThrottlingException', message: 'Rate exceeded' }
  hub.logs.fates.push(throttled, throttled, throttled, throttled)
  await expect(hub.page()).rejects.toMatchObject({ code: 'unavailable' })
  expect((await hub.page()).lines).toHaveLength(1)
})

it('what may not be read is an error of the hub, not an empty log', async () => {
  await using hub = await startLogs()
  hub.logs.fates.push({ type: 'AccessDeniedException', message: 'not authorized' })
  await expect(hub.page()).rejects.toMatchObject({ name: 'AccessDeniedException' })
})

it.each(['x', '1', '1.zz', '1.k.0.abc', '1.k.0.!', '2.k.0.', `1.k.0.${'a'.repeat(6)}.k`])(
  'refuses the cursor %s',
  async (cursor) => {
    await using hub = await startLogs()
    await expect(hub.page(cursor)).rejects.toMatchObject({ code: 'bad-cursor' })
  },
)
