import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams'
import { openDynamoStore } from '#adapters/dynamodb/store'
import { BellQueue } from '#adapters/memory/bell-queue'
import { createMemory } from '#adapters/memory/store'
import type { Store } from '#core/ports'
import type { DynamoEngine } from '../support/engines/dynamodb-local.ts'
import { streamFeed } from '../support/engines/stream-feed.ts'
import { VirtualClock } from '../support/virtual-clock.ts'
import type { StoreWorld } from './world.ts'

/** The table in a world of its own; its bells go to the queue in memory. */
export async function makeDynamoWorld(engine: DynamoEngine): Promise<StoreWorld> {
  const { name, streamArn } = await engine.makeTable()
  const clock = new VirtualClock()
  const queue = new BellQueue(clock)
  const listeners = new Set<() => void>()
  const store = openDynamoStore({
    client: engine.client,
    table: name,
    sendBells: async (bells) => queue.send(bells),
    dueShards: 8,
    monotonicMs: clock.monotonicMs,
  })
  const streams = new DynamoDBStreamsClient({ ...streamSettings(engine) })
  return {
    store: tellingOf(store, listeners),
    queue,
    feed: streamFeed(streams, streamArn, listeners),
    isInSteps: true,
    close: async () => streams.destroy(),
    advance: (ms) => clock.advance(ms),
    now: clock.now,
  }
}

function streamSettings({ settings, endpoint }: DynamoEngine) {
  return { endpoint, region: 'us-east-1', ...(settings.credentials ? { credentials: settings.credentials } : {}) }
}

/** A table tells nobody of its writes; whoever reads its stream asks it. */
function tellingOf(store: Store, listeners: Set<() => void>): Store {
  return {
    ...store,
    commit: async (commit) => {
      const outcome = await store.commit(commit)
      for (const listener of listeners) listener()
      return outcome
    },
  }
}

/** Memory that does what belongs to a commit step by step, as it happens on AWS: what a lost write leaves is compared. */
export async function makeSteppedMemoryWorld(): Promise<StoreWorld> {
  const clock = new VirtualClock()
  const { store, queue, feed } = createMemory(clock)
  const commit: Store['commit'] = async ({ write, before = [], bells = [] }) => {
    queue.send(bells)
    for (const side of before) await store.commit({ write: side })
    return store.commit({ write })
  }
  const close = async () => undefined
  const advance = (ms: number) => clock.advance(ms)
  return { store: { ...store, commit }, queue, feed, isInSteps: true, close, advance, now: clock.now }
}
