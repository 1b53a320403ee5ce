import { setTimeout as pause } from 'node:timers/promises'
import { createMemory } from '#adapters/memory/store'
import { openSqsQueue } from '#adapters/sqs/queue'
import { systemClock } from '#adapters/system/clock'
import type { Bell, Store } from '#core/ports'
import type { SqsEngine } from '../support/engines/fauxqs.ts'
import type { StoreWorld } from './world.ts'

/** The queue on SQS, beside a store in memory that keeps to the order of AWS: bells out first, then the write. */
export async function makeSqsWorld(sqs: SqsEngine): Promise<StoreWorld> {
  const { queueUrlPrefix } = await sqs.makeQueues(['mill', 'other'])
  const { store, feed } = createMemory(systemClock)
  const queue = openSqsQueue({ client: sqs.client, queueUrlPrefix, clock: systemClock })
  return {
    store: ringingFirst(store, queue.sendBells),
    queue,
    feed,
    close: queue.close,
    advance: (ms) => pause(ms),
    now: systemClock.now,
  }
}

function ringingFirst(store: Store, sendBells: (bells: readonly Bell[]) => Promise<void>): Store {
  return {
    ...store,
    commit: async ({ bells = [], ...writes }) => {
      await sendBells(bells)
      return store.commit(writes)
    },
  }
}
