import { afterAll, describe, expect, test } from 'vitest'
import { openSqsQueue, type SqsQueue } from '#adapters/sqs/queue'
import { systemClock } from '#adapters/system/clock'
import { ticketCharsMost } from '#core/contract/worker-protocol'
import type { Clock, Log } from '#core/ports'
import { aBell, anId } from '../../conformance/world.ts'
import { awayFaults, refused } from '../../support/aws-faults.ts'
import { startSqs } from '../../support/engines/fauxqs.ts'
import { until } from '../../support/until.ts'
import { VirtualClock } from '../../support/virtual-clock.ts'
import { failing, type RequestTry, watched } from './watched.ts'

const sqs = await startSqs()
afterAll(sqs.stop)

interface World {
  readonly queue: SqsQueue
  readonly tries: readonly RequestTry[]
  readonly warned: readonly string[]
  readonly receipts: readonly string[]
}

/** A world in which so many bells are held. */
async function holding(
  count: number,
  faultOf?: Parameters<typeof watched>[1],
  clock: Clock = systemClock,
): Promise<World> {
  const { queueUrlPrefix } = await sqs.makeQueues(['mill'])
  const { client, tries } = watched(sqs, faultOf)
  const warned: string[] = []
  const log: Log = { info: () => undefined, warn: (event) => void warned.push(event), error: () => undefined }
  const queue = openSqsQueue({ client, queueUrlPrefix, clock, log })
  await queue.sendBells(Array.from({ length: count }, () => aBell(anId())))
  const receipts: string[] = []
  while (receipts.length < count) {
    const bells = await queue.receive({ worker: 'mill', max: 10, holdMs: 60_000, waitMs: 1_000 })
    receipts.push(...bells.map(({ receipt }) => receipt))
  }
  return { queue, tries, warned, receipts }
}

const entriesOf = ({ tries }: World, of: string) =>
  tries.filter(({ command }) => command === of).map(({ input }) => input.Entries?.length)
const deletes = 'DeleteMessageBatch'
const extensions = 'ChangeMessageVisibilityBatch'

/** As the errors are named, and as the older protocol names them. */
const overCodes = [
  'MessageNotInflight',
  'AWS.SimpleQueueService.MessageNotInflight',
  'ReceiptHandleIsInvalid',
  'InvalidParameterValue',
  'InvalidIdFormat',
]

describe.concurrent('done', () => {
  test('nobody waits for it; ten go in one request, and the rest a little later', async () => {
    const world = await holding(13)
    const startMs = systemClock.monotonicMs()
    for (const receipt of world.receipts) await world.queue.done('mill', receipt)
    expect(systemClock.monotonicMs() - startMs).toBeLessThan(300)
    await world.queue.close()
    expect(entriesOf(world, deletes)).toEqual([10, 3])
    expect(await world.queue.depth('mill')).toEqual({ visible: 0, delayed: 0, held: 0 })
  })

  test('what does not fill a request waits a second for others', async () => {
    const clock = new VirtualClock()
    const world = await holding(21, undefined, clock)
    const [first = '', ...others] = world.receipts
    await world.queue.done('mill', first)
    await clock.advance(999)
    expect(entriesOf(world, deletes)).toEqual([])
    await clock.advance(1)
    await until('the first is deleted', async () => (await world.queue.depth('mill')).held === 20)
    for (const receipt of others.slice(0, 13)) await world.queue.done('mill', receipt)
    await until('ten more are deleted', async () => (await world.queue.depth('mill')).held === 10)
    for (const receipt of others.slice(13)) await world.queue.done('mill', receipt)
    await until('all are deleted', async () => (await world.queue.depth('mill')).held === 0)
    expect(entriesOf(world, deletes)).toEqual([1, 10, 10])
  })

  test('closing waits for no others', async () => {
    const world = await holding(3, undefined, new VirtualClock())
    for (const receipt of world.receipts) await world.queue.done('mill', receipt)
    await world.queue.close()
    expect(entriesOf(world, deletes)).toEqual([3])
  })

  for (const code of overCodes) {
    test(`${code} means that it was done already`, async () => {
      const world = await holding(1, (command) => (command === deletes ? failing(['0'], code, true) : undefined))
      await world.queue.done('mill', world.receipts[0] ?? '')
      await world.queue.close()
      expect(entriesOf(world, deletes)).toEqual([1])
      expect(world.warned).toEqual([])
    })
  }

  test('an entry that failed by itself is deleted the next time', async () => {
    const world = await holding(3, (command, count) =>
      command === deletes && count === 0 ? failing(['2'], 'InternalError', false) : undefined,
    )
    for (const receipt of world.receipts) await world.queue.done('mill', receipt)
    await world.queue.close()
    expect(entriesOf(world, deletes)).toEqual([3, 1])
  })

  for (const [how, fault] of Object.entries(awayFaults)) {
    test(`SQS ${how} and stays so: no run fails for it, the bell comes back, and the log says so`, async () => {
      const world = await holding(2, (command) => (command === deletes ? fault : undefined))
      for (const receipt of world.receipts) await world.queue.done('mill', receipt)
      await world.queue.close()
      expect(world.warned).toEqual(['queue.bell-not-deleted', 'queue.bell-not-deleted'])
      expect(await world.queue.depth('mill')).toMatchObject({ held: 2 })
    })
  }

  test('an answer that is lost: deleting again does no harm', async () => {
    const world = await holding(1, (command, count) =>
      command === deletes && count === 0 ? { kind: 'lost-answer' } : undefined,
    )
    await world.queue.done('mill', world.receipts[0] ?? '')
    await world.queue.close()
    expect(world.warned).toEqual([])
    expect(await world.queue.depth('mill')).toEqual({ visible: 0, delayed: 0, held: 0 })
  })
})

describe.concurrent('extend', () => {
  test('those of one turn share requests of ten, in whole seconds rounded up, 12 hours at most', async () => {
    const world = await holding(12)
    const ms = [0, 1, 1_500, 60_000, 99_000_000, 1, 1, 1, 1, 1, 1, 1]
    await Promise.all(world.receipts.map((receipt, index) => world.queue.extend('mill', receipt, ms[index] ?? 0)))
    expect(entriesOf(world, extensions)).toEqual([10, 2])
    const [first] = world.tries.filter(({ command }) => command === extensions)
    const seconds = first?.input.Entries?.map(({ VisibilityTimeout }) => VisibilityTimeout)
    expect(seconds?.slice(0, 5)).toEqual([0, 1, 2, 60, 43_200])
  })

  for (const code of overCodes) {
    test(`${code}: the receipt is over, or there are no 12 hours left; both are ignored`, async () => {
      const world = await holding(1, (command) => (command === extensions ? failing(['0'], code, true) : undefined))
      await world.queue.extend('mill', world.receipts[0] ?? '', 43_200_000)
      expect(entriesOf(world, extensions)).toEqual([1])
    })
  }

  test('an entry that fails for good is told to its caller alone', async () => {
    const world = await holding(2, (command, count) =>
      command === extensions ? failing([count === 0 ? '1' : '0'], 'InternalError', false) : undefined,
    )
    const [first, second] = world.receipts.map((receipt) => world.queue.extend('mill', receipt, 0))
    await expect(second).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('mill') })
    await first
  })

  for (const [how, fault] of Object.entries(awayFaults)) {
    test(`SQS ${how} once: the bell is hidden all the same`, async () => {
      const world = await holding(1, (command, count) => (command === extensions && count === 0 ? fault : undefined))
      await world.queue.extend('mill', world.receipts[0] ?? '', 0)
      expect(await world.queue.depth('mill')).toMatchObject({ visible: 1 })
    })

    test(`SQS ${how} and stays so: the caller is told`, async () => {
      const world = await holding(1, (command) => (command === extensions ? fault : undefined))
      const extending = world.queue.extend('mill', world.receipts[0] ?? '', 0)
      await expect(extending).rejects.toMatchObject({ code: 'unavailable', cause: expect.any(Error) })
    })
  }

  test('a missing permission is an error with its name', async () => {
    const world = await holding(1, (command) => (command === extensions ? refused('AccessDenied', 403) : undefined))
    await expect(world.queue.extend('mill', world.receipts[0] ?? '', 0)).rejects.toThrow(/worker mill .*AccessDenied/)
  })
})

test('a receipt of SQS goes through the worker protocol as it is', () => {
  const longestReceiptChars = 1_024
  expect(ticketCharsMost).toBeGreaterThanOrEqual(longestReceiptChars)
})
