import { afterAll, describe, expect, test } from 'vitest'
import { openSqsQueue } from '#adapters/sqs/queue'
import { systemClock } from '#adapters/system/clock'
import { Manifest } from '#core/contract/manifest'
import type { Launcher } from '#core/ports'
import { putWorker } from '#core/workers/put-worker'
import { scaleWorker } from '#core/workers/scale-worker'
import { aBell, anId } from '../../conformance/world.ts'
import type { Fault } from '../../support/aws-faults.ts'
import { startSqs } from '../../support/engines/fauxqs.ts'
import { createMemoryWorld } from '../../support/memory-world.ts'
import { watched } from './watched.ts'

/** What SQS does and the emulator does not: its figures are late, and it gives back the group of a message. */

const sqs = await startSqs()
afterAll(sqs.stop)

const noneYet: Fault = {
  kind: 'answered',
  output: () => ({
    Attributes: {
      ApproximateNumberOfMessages: '0',
      ApproximateNumberOfMessagesDelayed: '0',
      ApproximateNumberOfMessagesNotVisible: '0',
    },
  }),
}

async function fleet() {
  const { queueUrlPrefix } = await sqs.makeQueues(['mill'])
  const late = { isLate: true }
  const { client } = watched(sqs, (command) => (command === 'GetQueueAttributes' && late.isLate ? noneYet : undefined))
  const queue = openSqsQueue({ client, queueUrlPrefix, clock: systemClock })
  const memory = createMemoryWorld()
  const world = { ...memory, queue }
  const commands = [{ name: 'mill.grind' }]
  const manifest = Manifest.parse({ name: 'mill', commands, concurrency: 1, scaling: { max: 5 } })
  await putWorker(world, { manifest, launch: {}, by: 'ann' })
  let launches = 0
  const launcher: Launcher = {
    launch: async ({ count, token }) => {
      const ids = Array.from({ length: count }, (_, index) => `${token}-${index}`)
      launches += count
      return { kind: 'launched', launches: ids, refused: [] }
    },
  }
  const scaled = async (recordBells: number) => {
    await memory.clock.advance(1_000)
    return scaleWorker(world, launcher, { worker: 'mill', recordBells })
  }
  return { queue, late, scaled, launches: () => launches }
}

describe('figures of the queue that are late (protocol 33)', () => {
  test('from none, the record of one task starts one instance, whatever they say', async () => {
    const { queue, scaled, launches } = await fleet()
    await queue.sendBells([aBell(anId())])
    expect(await scaled(1)).toEqual({ kind: 'started', count: 1 })
    expect(launches()).toBe(1)
  })

  test('a look that they mislead starts none, and the next one that they do not starts what is needed', async () => {
    const { queue, late, scaled, launches } = await fleet()
    await queue.sendBells(Array.from({ length: 3 }, () => aBell(anId())))
    expect(await scaled(0)).toMatchObject({ kind: 'held' })
    late.isLate = false
    expect(await scaled(0)).toEqual({ kind: 'started', count: 3 })
    expect(launches()).toBe(3)
  })
})

test('a bell whose group is given back is the bell that went in', async () => {
  const { queueUrlPrefix } = await sqs.makeQueues(['mill'])
  const withGroup: Fault = {
    kind: 'answered',
    output: ({ Messages = [] }) => ({
      Messages: (Messages as readonly { Attributes?: object }[]).map((message) => ({
        ...message,
        Attributes: { ...message.Attributes, MessageGroupId: 'acme' },
      })),
    }),
  }
  const { client } = watched(sqs, (command) => (command === 'ReceiveMessage' ? withGroup : undefined))
  const queue = openSqsQueue({ client, queueUrlPrefix, clock: systemClock })
  const bell = aBell(anId(), { group: 'acme' })
  await queue.sendBells([bell])
  const [received] = await queue.receive({ worker: 'mill', max: 1, holdMs: 60_000, waitMs: 1_000 })
  expect(received?.bell).toEqual(bell)
})
