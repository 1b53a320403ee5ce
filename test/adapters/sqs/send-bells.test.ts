import { ReceiveMessageCommand } from '@aws-sdk/client-sqs'
import { afterAll, describe, expect, test } from 'vitest'
import { openSqsQueue, type SqsQueue } from '#adapters/sqs/queue'
import { systemClock } from '#adapters/system/clock'
import { ApiError } from '#core/contract/errors'
import type { Bell } from '#core/ports'
import { aBell, anId } from '../../conformance/world.ts'
import { awayFaults, refused } from '../../support/aws-faults.ts'
import { startSqs } from '../../support/engines/fauxqs.ts'
import { failing, type Watched, watched } from './watched.ts'

const sqs = await startSqs()
afterAll(sqs.stop)

interface World extends Watched {
  readonly queue: SqsQueue
}

async function open(faultOf?: Parameters<typeof watched>[1]): Promise<World> {
  const { queueUrlPrefix } = await sqs.makeQueues(['mill', 'other'])
  const { client, tries } = watched(sqs, faultOf)
  return { client, tries, queue: openSqsQueue({ client, queueUrlPrefix, clock: systemClock }) }
}

const bells = (count: number, changes: Partial<Bell> = {}) =>
  Array.from({ length: count }, () => aBell(anId(), changes))
const entriesOf = ({ tries }: World) => tries.map(({ input }) => input.Entries?.length)

async function received({ queue }: World, worker = 'mill'): Promise<readonly string[]> {
  const seen: string[] = []
  for (let rounds = 0; rounds < 10; rounds++) {
    const got = await queue.receive({ worker, max: 10, holdMs: 30_000, waitMs: 0 })
    seen.push(...got.map(({ bell }) => bell.taskId))
    if (got.length === 0) break
  }
  return seen.sort()
}

describe.concurrent('bells on their way out', () => {
  test('those of one turn of the event loop share requests of ten', async () => {
    const world = await open()
    await Promise.all(bells(25).map((bell) => world.queue.sendBells([bell])))
    expect(entriesOf(world)).toEqual([10, 10, 5])
    expect(await received(world)).toHaveLength(25)
  })

  test('each goes to the queue of its own worker', async () => {
    const world = await open()
    const [mine, others] = [bells(2), bells(2, { worker: 'other' })]
    await world.queue.sendBells([...mine, ...others])
    expect(await received(world)).toEqual(mine.map(({ taskId }) => taskId).sort())
    expect(await received(world, 'other')).toEqual(others.map(({ taskId }) => taskId).sort())
  })

  test('no request carries more than a million bytes, as they count on the wire', async () => {
    const world = await open()
    // Two bytes each in UTF-8.
    await world.queue.sendBells(bells(5, { copy: 'é'.repeat(150_000) }))
    expect(entriesOf(world)).toEqual([3, 2])
  })

  test('delays are rounded up to whole seconds, and 15 minutes are the most', async () => {
    const world = await open()
    for (const delayMs of [0, 1, 1_000, 1_001, 900_000, 5_000_000]) await world.queue.sendBells(bells(1, { delayMs }))
    const delays = world.tries.map(({ input }) => input.Entries?.[0]?.DelaySeconds)
    expect(delays).toEqual([0, 1, 1, 2, 900, 900])
  })

  test('a group goes along in the characters that SQS allows; without one there is none to pay for', async () => {
    const world = await open()
    const names = ['acme-7', 'Müller & Söhne', '50%', 'ü'.repeat(128), `${'ü'.repeat(127)}o`]
    for (const group of names) await world.queue.sendBells(bells(1, { group }))
    await world.queue.sendBells(bells(1))
    const groups = world.tries.map(({ input }) => input.Entries?.[0]?.MessageGroupId)
    expect(groups.slice(0, 3)).toEqual(['acme-7', 'M%00fcller%0020&%0020S%00f6hne', '50%0025'])
    expect(groups.slice(3, 5)).toEqual([expect.stringMatching(/^[!-~]{128}$/), expect.stringMatching(/^[!-~]{128}$/)])
    expect(groups[3]).not.toBe(groups[4])
    expect(Object.keys(world.tries[5]?.input.Entries?.[0] ?? {})).not.toContain('MessageGroupId')
  })

  test('an entry that SQS fails by itself goes out again, alone', async () => {
    const world = await open((_, count) => (count === 0 ? failing(['1'], 'InternalError', false) : undefined))
    await world.queue.sendBells(bells(3))
    expect(entriesOf(world)).toEqual([3, 1])
  })

  test('an entry that the answer does not speak of goes out again', async () => {
    const world = await open((_, count) => (count === 0 ? failing([], '', false) : undefined))
    await world.queue.sendBells(bells(1))
    expect(entriesOf(world)).toEqual([1])
    const silent = await open((_, count) =>
      count === 0 ? { kind: 'answered', output: () => ({ Successful: [] }) } : undefined,
    )
    await silent.queue.sendBells(bells(2))
    expect(entriesOf(silent)).toEqual([2, 2])
  })

  test('who shared a request with a bell that fails for good does not hear of it', async () => {
    const world = await open((_, count) => failing([count === 0 ? '1' : '0'], 'InternalError', false))
    const [first, second, third] = bells(3).map((bell) => world.queue.sendBells([bell]))
    await expect(second).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('mill') })
    await Promise.all([first, third])
    expect(entriesOf(world)).toEqual([3, 1, 1])
  })

  test('a bell that is wrong is not sent again: that is a fault of ours', async () => {
    const world = await open(() => failing(['0'], 'InvalidMessageContents', true))
    const error = await world.queue.sendBells(bells(1)).catch((caught: unknown) => caught)
    expect(error).not.toBeInstanceOf(ApiError)
    expect(String(error)).toContain('InvalidMessageContents')
    expect(entriesOf(world)).toEqual([1])
  })

  for (const [how, fault] of Object.entries(awayFaults)) {
    test(`SQS ${how} once: the bells go out all the same`, async () => {
      const world = await open((_, count) => (count === 0 ? fault : undefined))
      await world.queue.sendBells(bells(2))
      expect(await received(world)).toHaveLength(2)
    })

    test(`SQS ${how} and stays so: every caller is told that the hub cannot take it now`, async () => {
      const world = await open((command) => (command === 'SendMessageBatch' ? fault : undefined))
      const outcomes = await Promise.allSettled(bells(2).map((bell) => world.queue.sendBells([bell])))
      for (const outcome of outcomes) {
        expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'unavailable', cause: expect.any(Error) } })
      }
      expect(await received(world)).toEqual([])
    })
  }

  test('an answer that is lost: the bell may ring twice, never not at all', async () => {
    const world = await open((command, count) =>
      command === 'SendMessageBatch' && count === 0 ? { kind: 'lost-answer' } : undefined,
    )
    const [bell] = bells(1)
    await world.queue.sendBells(bell === undefined ? [] : [bell])
    expect(await received(world)).toEqual([bell?.taskId, bell?.taskId])
  })

  test('a worker without a queue: the error names it and says what to do', async () => {
    const world = await open()
    const sending = world.queue.sendBells(bells(1, { worker: 'nowhere' }))
    await expect(sending).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/worker nowhere .*deploy the stack/),
    })
  })

  test('a refusal that is no absence, a missing permission say, is an error with its name', async () => {
    const world = await open(() => refused('AccessDenied', 403))
    const error = await world.queue.sendBells(bells(1)).catch((caught: unknown) => caught)
    expect(error).not.toBeInstanceOf(ApiError)
    expect(String(error)).toMatch(/worker mill .*AccessDenied/)
  })

  test('nothing to send asks for nothing', async () => {
    const world = await open()
    await world.queue.sendBells([])
    expect(world.tries).toEqual([])
  })

  test('the text of a message is the bell and no more', async () => {
    const { queueUrlPrefix } = await sqs.makeQueues(['mill'])
    const queue = openSqsQueue({ client: sqs.client, queueUrlPrefix, clock: systemClock })
    const bell = aBell(anId(), { group: 'acme', copy: { id: 'x' } })
    await queue.sendBells([bell])
    const { Messages } = await sqs.client.send(new ReceiveMessageCommand({ QueueUrl: `${queueUrlPrefix}mill` }))
    expect(Messages?.[0]?.Body).toBe(JSON.stringify(bell))
  })
})
