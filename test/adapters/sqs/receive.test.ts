import { GetQueueAttributesCommand, SendMessageCommand } from '@aws-sdk/client-sqs'
import { afterAll, describe, expect, test } from 'vitest'
import type { ForeignMessage } from '#adapters/sqs/foreign'
import { openSqsQueue, type SqsQueue, type SqsQueueOptions } from '#adapters/sqs/queue'
import { systemClock } from '#adapters/system/clock'
import type { Bell, Clock } from '#core/ports'
import { aBell, anId } from '../../conformance/world.ts'
import { awayFaults, refused } from '../../support/aws-faults.ts'
import { startSqs } from '../../support/engines/fauxqs.ts'
import { until } from '../../support/until.ts'
import { type RequestTry, watched } from './watched.ts'

const sqs = await startSqs()
afterAll(sqs.stop)

interface World {
  readonly queue: SqsQueue
  readonly tries: readonly RequestTry[]
  readonly url: string
  readonly attentionUrl: string
}

interface Ask extends Partial<SqsQueueOptions> {
  readonly faultOf?: Parameters<typeof watched>[1]
  readonly receivesMost?: number
}

async function open({ faultOf, receivesMost, ...options }: Ask = {}): Promise<World> {
  const { queueUrlPrefix, attentionUrl } = await sqs.makeQueues(['mill'], receivesMost)
  const { client, tries } = watched(sqs, faultOf)
  const queue = openSqsQueue({ client, queueUrlPrefix, clock: systemClock, ...options })
  return { queue, tries, url: `${queueUrlPrefix}mill`, attentionUrl }
}

interface Receive {
  readonly max?: number
  readonly holdMs?: number
  readonly waitMs?: number
  readonly signal?: AbortSignal
}

function receive({ queue }: World, { max = 10, holdMs = 60_000, waitMs = 1_000, signal }: Receive = {}) {
  return queue.receive({ worker: 'mill', max, holdMs, waitMs, signal })
}

const bells = (count: number, changes: Partial<Bell> = {}) =>
  Array.from({ length: count }, () => aBell(anId(), changes))
const receives = ({ tries }: World) => tries.filter(({ command }) => command === 'ReceiveMessage')
const post = ({ url }: World, text: string) =>
  sqs.client.send(new SendMessageCommand({ QueueUrl: url, MessageBody: text }))

async function held({ url }: World): Promise<string | undefined> {
  const asked = { QueueUrl: url, AttributeNames: ['ApproximateNumberOfMessagesNotVisible' as const] }
  const { Attributes } = await sqs.client.send(new GetQueueAttributesCommand(asked))
  return Attributes?.ApproximateNumberOfMessagesNotVisible
}

describe.concurrent('a receive', () => {
  test('takes ten at most, however many slots are free, and never more than asked for', async () => {
    const world = await open()
    await world.queue.sendBells(bells(14))
    expect(await receive(world, { max: 1_000 })).toHaveLength(10)
    expect(await receive(world, { max: 3 })).toHaveLength(3)
  })

  test('holds for whole seconds, rounded up', async () => {
    const world = await open()
    for (const holdMs of [4_500, 70_000, 70_001, 99_000_000]) await receive(world, { holdMs, waitMs: 0 })
    expect(receives(world).map(({ input }) => input.VisibilityTimeout)).toEqual([5, 70, 71, 43_200])
  })

  test('counts the hold from the moment it was sent, however late the answer is', async () => {
    const world = await open({
      faultOf: (command) => (command === 'ReceiveMessage' ? { kind: 'late', ms: 400 } : undefined),
    })
    await world.queue.sendBells(bells(1))
    const askedAtMs = systemClock.monotonicMs()
    const [bell] = await receive(world, { holdMs: 60_000 })
    expect(systemClock.monotonicMs() - askedAtMs).toBeGreaterThanOrEqual(400)
    expect((bell?.heldUntilMs ?? 0) - askedAtMs).toBeGreaterThanOrEqual(60_000)
    expect((bell?.heldUntilMs ?? 0) - askedAtMs).toBeLessThan(60_300)
  })

  test('waits in whole seconds to the nearest, 20 at most, and no longer than a third of the hold', async () => {
    const world = await open()
    const asks = [
      { waitMs: 20_000, holdMs: 70_000 },
      { waitMs: 19_999, holdMs: 70_000 },
      { waitMs: 60_000, holdMs: 70_000 },
      { waitMs: 1_400, holdMs: 70_000 },
      { waitMs: 20_000, holdMs: 40_000 },
      { waitMs: 20_000, holdMs: 4_500 },
    ]
    for (const ask of asks) {
      const abort = new AbortController()
      const polling = receive(world, { ...ask, signal: abort.signal })
      abort.abort()
      await polling
    }
    await until('all polls are sent', () => receives(world).length === asks.length)
    expect(receives(world).map(({ input }) => input.WaitTimeSeconds)).toEqual([20, 20, 20, 1, 13, 1])
  })

  test('with a short wait looks now and at the end of it, and not in between', async () => {
    const world = await open()
    const startMs = systemClock.monotonicMs()
    expect(await receive(world, { waitMs: 450 })).toEqual([])
    expect(systemClock.monotonicMs() - startMs).toBeGreaterThanOrEqual(449)
    expect(receives(world).map(({ input }) => input.WaitTimeSeconds)).toEqual([0, 0])
  })

  test('may wait longer than other requests may take', async () => {
    const world = await open()
    const polling = receive(world, { waitMs: 7_000 })
    await systemClock.wait(6_000)
    const [bell] = bells(1)
    await world.queue.sendBells(bell === undefined ? [] : [bell])
    expect(await polling).toMatchObject([{ bell: { taskId: bell?.taskId } }])
    expect(receives(world)).toHaveLength(1)
  })

  test('does not spin when empty answers come at once', async () => {
    const world = await open({
      faultOf: (command) =>
        command === 'ReceiveMessage' ? refused('AWS.SimpleQueueService.OverLimit', 403) : undefined,
    })
    expect(await receive(world, { waitMs: 1_000 })).toEqual([])
    expect(receives(world).length).toBeLessThan(10)
  })

  test('gives a bell that came while it waited 20 ms, so that its head is there', async () => {
    const waits: number[] = []
    const clock: Clock = {
      ...systemClock,
      wait: (ms, signal) => {
        waits.push(ms)
        return systemClock.wait(ms, signal)
      },
    }
    const world = await open({ clock })
    await world.queue.sendBells(bells(1))
    expect(await receive(world)).toHaveLength(1)
    expect(waits).toEqual([])
    const polling = receive(world, { waitMs: 5_000 })
    await systemClock.wait(300)
    await world.queue.sendBells(bells(1))
    expect(await polling).toHaveLength(1)
    expect(waits).toEqual([20])
  })
})

describe.concurrent('a receive that is given up', () => {
  test('leaves what its poll still brings to others', async () => {
    const world = await open()
    const abort = new AbortController()
    const polling = receive(world, { waitMs: 5_000, signal: abort.signal })
    await until('the poll is out', () => receives(world).length === 1)
    abort.abort()
    expect(await polling).toEqual([])
    await world.queue.sendBells(bells(1))
    expect(await receive(world, { waitMs: 2_000 })).toHaveLength(1)
  })

  test('gives back what had just come', async () => {
    const abort = new AbortController()
    const world = await open({
      faultOf: (command, count) =>
        command === 'ReceiveMessage' && count === 0 ? { kind: 'late', ms: 200 } : undefined,
    })
    await world.queue.sendBells(bells(3))
    const polling = receive(world, { signal: abort.signal })
    await until('the poll is out', async () => (await held(world)) === '3')
    abort.abort()
    expect(await polling).toEqual([])
    await world.queue.close()
    const again = await receive(world)
    expect(again.map(({ receivedCount }) => receivedCount)).toEqual([2, 2, 2])
  })

  test('before it begins asks for nothing', async () => {
    const world = await open()
    expect(await receive(world, { signal: AbortSignal.abort() })).toEqual([])
    expect(world.tries).toEqual([])
  })
})

describe.concurrent('a message that is no bell of this worker', () => {
  const good = () => aBell(anId())
  const foreign: Readonly<Record<string, string>> = {
    'no JSON': 'hello',
    'no object': '[1]',
    'an event of somebody else': JSON.stringify({ Type: 'Notification' }),
    'a bell with a part missing': JSON.stringify({ ...good(), born: undefined }),
    'a bell of another worker': JSON.stringify({ ...good(), worker: 'other' }),
    'a format that never was': JSON.stringify({ ...good(), format: 0 }),
  }

  for (const [what, text] of Object.entries(foreign)) {
    test(`${what}: kept for a person, then deleted; the bells beside it are received`, async () => {
      const kept: ForeignMessage[] = []
      const world = await open({ onForeign: async (message) => void kept.push(message) })
      await post(world, text)
      await world.queue.sendBells(bells(2))
      expect(await receive(world)).toHaveLength(2)
      await world.queue.close()
      expect(kept).toMatchObject([{ worker: 'mill', text, reason: expect.stringMatching(/^it /) }])
      expect(await held(world)).toBe('2')
    })
  }

  test('that could not be kept stays in the queue, hidden, and blocks nothing', async () => {
    const world = await open({ onForeign: () => Promise.reject(new Error('the attention queue is away')) })
    await post(world, 'hello')
    expect(await receive(world, { holdMs: 1_000 })).toEqual([])
    await world.queue.close()
    expect(holds(world)).toEqual([900])
    expect(await held(world)).toBe('1')
  })

  test('stays in the queue where nobody keeps such messages', async () => {
    const world = await open()
    await post(world, 'hello')
    expect(await receive(world, { waitMs: 0 })).toEqual([])
    await world.queue.close()
    expect(holds(world)).toEqual([900])
  })

  test('yet a bell of a newer program is: it is left to an instance that knows its format', async () => {
    const kept: ForeignMessage[] = []
    const world = await open({ onForeign: async (message) => void kept.push(message) })
    await post(world, JSON.stringify({ format: 2, workers: ['mill'] }))
    expect(await receive(world, { waitMs: 0 })).toEqual([])
    await world.queue.close()
    expect(kept).toEqual([])
    expect(holds(world)).toEqual([30])
  })

  const holds = ({ tries }: World) =>
    tries.flatMap(({ command, input }) =>
      command === 'ChangeMessageVisibilityBatch' ? (input.Entries ?? []).map((entry) => entry.VisibilityTimeout) : [],
    )
})

describe.concurrent('when something goes wrong around a receive', () => {
  for (const [how, fault] of Object.entries(awayFaults)) {
    test(`SQS ${how} once: it answers all the same`, async () => {
      const world = await open({
        faultOf: (command, count) => (command === 'ReceiveMessage' && count === 0 ? fault : undefined),
      })
      await world.queue.sendBells(bells(1))
      expect(await receive(world)).toHaveLength(1)
    })

    test(`SQS ${how} and stays so: the receiver is told`, async () => {
      const world = await open({ faultOf: () => fault })
      await expect(receive(world)).rejects.toMatchObject({
        code: 'unavailable',
        message: expect.stringContaining('mill'),
      })
      await expect(world.queue.depth('mill')).rejects.toMatchObject({ code: 'unavailable' })
    })
  }

  test('an answer that is lost: its bells come back after their hold', async () => {
    const world = await open({
      faultOf: (command, count) => (command === 'ReceiveMessage' && count === 0 ? { kind: 'lost-answer' } : undefined),
    })
    await world.queue.sendBells(bells(1))
    expect(await receive(world, { holdMs: 2_000, waitMs: 5_000 })).toMatchObject([{ receivedCount: 2 }])
  })

  test('a queue that was purged: nothing comes, and receipts of before are ignored', async () => {
    const world = await open()
    await world.queue.sendBells(bells(2))
    const [one, two] = await receive(world)
    await sqs.purge(world.url)
    await world.queue.extend('mill', one?.receipt ?? '', 5_000)
    await world.queue.done('mill', two?.receipt ?? '')
    await world.queue.close()
    expect(await receive(world, { waitMs: 0 })).toEqual([])
    expect(await world.queue.depth('mill')).toEqual({ visible: 0, delayed: 0, held: 0 })
  })

  test('a queue that is gone: the error names the worker and says what to do', async () => {
    const world = await open()
    await sqs.remove(world.url)
    const gone = { code: 'unavailable', message: expect.stringMatching(/worker mill .*deploy the stack/) }
    await expect(receive(world)).rejects.toMatchObject(gone)
    await expect(world.queue.depth('mill')).rejects.toMatchObject(gone)
    await expect(world.queue.extend('mill', 'receipt', 1_000)).rejects.toMatchObject(gone)
  })

  test('a bell that nobody ever takes ends in the attention queue', async () => {
    const world = await open({ receivesMost: 2 })
    await world.queue.sendBells(bells(1))
    for (const expected of [1, 1, 0]) {
      const got = await receive(world, { waitMs: 0 })
      expect(got).toHaveLength(expected)
      await Promise.all(got.map(({ receipt }) => world.queue.extend('mill', receipt, 0)))
    }
    const asked = { QueueUrl: world.attentionUrl, AttributeNames: ['ApproximateNumberOfMessages' as const] }
    const { Attributes } = await sqs.client.send(new GetQueueAttributesCommand(asked))
    expect(Attributes?.ApproximateNumberOfMessages).toBe('1')
  })
})
