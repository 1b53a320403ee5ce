import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDynamoClient } from '#adapters/dynamodb/client'
import { openDynamoStore } from '#adapters/dynamodb/store'
import { createSqsClient } from '#adapters/sqs/client'
import { openSqsQueue } from '#adapters/sqs/queue'
import { systemClock } from '#adapters/system/clock'
import { Manifest } from '#core/contract/manifest'
import { headItem } from '#core/layout'
import type { Bell, Launcher } from '#core/ports'
import { createSight } from '#core/sight'
import { createTask } from '#core/tasks/create'
import { registerInstance } from '#core/workers/instances'
import { putWorker } from '#core/workers/put-worker'
import type { World } from '#core/world'
import { tick } from '#functions/clock/tick'
import { react } from '#functions/reactor/reactor'
import { aBell, anId } from '../conformance/world.ts'
import { spoil, type Try } from '../support/aws-faults.ts'
import { type DynamoEngine, startDynamo, whyNoDynamo } from '../support/engines/dynamodb-local.ts'
import { type SqsEngine, startSqs } from '../support/engines/fauxqs.ts'
import { createMemoryWorld } from '../support/memory-world.ts'

/**
 * Tasks that wait for long behind a full fleet, on the engines: what the hub itself then writes and sends. The hub's
 * clock is the test's own, so that an hour and a day take seconds; the queue holds all hundred thousand bells, and some
 * hundred of the tasks are there with their heads and rows, since no look of the first hour reads any of them.
 */

const bells = 100_000
const tasks = 200
const minuteMs = 60_000
const bellsAtOnce = 1_000
const callMs = 50_000

describe.skipIf(whyNoDynamo() !== undefined)('100,000 tasks that wait behind a full fleet', () => {
  let dynamo: DynamoEngine
  let sqs: SqsEngine
  beforeAll(async () => {
    ;[dynamo, sqs] = await Promise.all([startDynamo(), startSqs()])
  }, 60_000)
  afterAll(async () => {
    await dynamo?.[Symbol.asyncDispose]()
    await sqs?.stop()
  })

  it('cost no write but the look of each minute in an hour, one guard each in a day, and never a send', async () => {
    const { name: table } = await dynamo.makeTable()
    const { queueUrlPrefix } = await sqs.makeQueues(['mill'])
    const memory = createMemoryWorld({ directoryShards: 4 })
    const { clock } = memory

    const open = (): { readonly world: World; readonly tries: () => readonly Try[] } => {
      const [table_, queue_] = [createDynamoClient(dynamo.settings), createSqsClient(sqs.settings)]
      const written = spoil(table_)
      const sent = spoil(queue_)
      const queue = openSqsQueue({ client: queue_, queueUrlPrefix, clock: systemClock })
      const { monotonicMs } = clock
      const store = openDynamoStore({ client: table_, table, sendBells: queue.sendBells, dueShards: 8, monotonicMs })
      const sight = createSight(store, clock)
      return {
        world: { ...memory, store, queue, seesSince: sight.seesSince },
        tries: () => [...written, ...sent],
      }
    }

    // Whoever submits, and the instance that has no place free: not the hub's own doing.
    const others = open()
    const generation = await fullFleet(others.world)
    await submit(others.world)
    await fill(others.world)

    const hub = open()
    const sight = createSight(hub.world.store, clock)
    const launches: number[] = []
    const launcher: Launcher = {
      launch: async ({ count }) => {
        launches.push(count)
        return { kind: 'launched', launches: [], refused: [] }
      },
    }
    const tell = () => undefined
    const minutes = async (count: number, every = 1) => {
      for (let minute = 0; minute < count; minute += every) {
        await clock.advance(every * minuteMs)
        await beat(others.world, generation)
        await tick({ world: hub.world, launcher, sight, tell, remainingMs: () => callMs })
      }
    }
    const writesTo = (prefix: string) =>
      hub.tries().filter(({ command, input }) => command === 'PutItem' && pkOf(input).startsWith(prefix)).length
    const sends = () => hub.tries().filter(({ command }) => command === 'SendMessageBatch').length

    await minutes(55)
    expect([writesTo('T#'), writesTo('D#'), sends(), launches.length]).toEqual([0, 0, 0, 0])
    // One look at the fleet and one tick written down a minute; every ten of them what waits, for the alarm.
    expect(writesTo('W#')).toBeLessThanOrEqual(55)
    expect(writesTo('CLOCK')).toBeLessThanOrEqual(55 + 55 / 5 + 1)

    // Each minute while they turn an hour old and are audited; then less often, which only makes the clock see less.
    await minutes(35)
    await minutes(24 * 60 - 90, 10)
    expect([sends(), launches.length]).toEqual([0, 0])
    expect(writesTo('T#')).toBeLessThanOrEqual(2 * tasks)
    expect((await hub.world.queue.depth('mill')).visible).toBe(bells + tasks)
  }, 300_000)
})

function pkOf(input: Readonly<Record<string, unknown>>): string {
  return (input.Item as { readonly pk: { readonly S: string } }).pk.S
}

const instance = 'full'

async function fullFleet(world: World): Promise<string> {
  const commands = [{ name: 'mill.grind' }]
  const manifest = Manifest.parse({ name: 'mill', commands, concurrency: 1, scaling: { min: 0, max: 1 } })
  const { wanted } = await putWorker(world, { manifest, launch: {}, by: 'ann' })
  await beat(world, wanted)
  return wanted
}

/** It has no place free, and says so. */
async function beat(world: World, generation: string): Promise<void> {
  await registerInstance(world, { worker: 'mill', instance, generation, concurrency: 0 })
}

/** Tasks as the API and the reactor leave them: bell, head, row. */
async function submit(world: World): Promise<void> {
  const command = { worker: 'mill', name: 'mill.grind', version: 1 }
  for (let made = 0; made < tasks; made++) {
    const id = world.ids.next()
    const task = { command: 'mill.grind' }
    const outcome = await createTask(world, { task, command, by: 'ann', id, argumentsBytes: 0 })
    if (outcome.kind !== 'created') throw new Error(`not created: ${outcome.kind}`)
    const after = headItem(outcome.head)
    await react(world, { nudgeScaler: () => undefined }, [{ pk: after.pk, sk: after.sk, after }])
  }
}

async function fill({ queue }: World): Promise<void> {
  const { sendBells } = queue as unknown as { readonly sendBells: (all: readonly Bell[]) => Promise<void> }
  for (let sent = 0; sent < bells; sent += bellsAtOnce) {
    await sendBells(Array.from({ length: bellsAtOnce }, () => aBell(anId())))
  }
}
