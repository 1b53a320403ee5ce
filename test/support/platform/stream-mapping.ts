import {
  type _Record,
  DescribeStreamCommand,
  type DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
} from '@aws-sdk/client-dynamodb-streams'
import type { DynamoDBBatchResponse } from 'aws-lambda'

/**
 * Plays the event source mapping between the table's stream and the reactor: batches, its filter on sort keys, partial
 * failures from the lowest sequence number on, retries that hold the shard up, and records that come once more. It can
 * also deliver old batches again behind newer ones, and split the stream into shards whose batches overtake each other;
 * the order of one item's records is kept, as DynamoDB keeps it.
 */

export interface MappingOptions {
  readonly client: DynamoDBStreamsClient
  readonly streamArn: string
  readonly handler: (event: never, context: never) => Promise<unknown>
  readonly context: () => unknown
  /** Whether the mapping's filter lets a record through; those it doesn't cost no invocation. */
  readonly passes: (record: _Record) => boolean
  readonly mischief?: Mischief
}

export interface Mischief {
  /** From 0 to 1: how many batches come a second time, later. */
  readonly redelivered: number
  /** How many shards the keys are spread over, each with its own pace. */
  readonly lanes: number
  readonly chance: () => number
}

export interface Mapping extends AsyncDisposable {
  /** How long records gather before they are handed over; may be changed at any time. */
  readonly pace: { gatherMs: number }
  readonly counts: { records: number; filtered: number; invocations: number; failures: number; redeliveries: number }
  /** Until all that was written before has been worked off. */
  readonly settled: () => Promise<void>
}

const batchMost = 100
const pollEveryMs = 20
/** A table may be away for minutes; a record that no retry mends holds its shard up for longer than any test waits. */
const failingMostMs = 5 * 60_000
const retryPauseMs = 50

const quiet: Mischief = { redelivered: 0, lanes: 1, chance: () => 0.5 }

interface Lane {
  readonly queue: _Record[]
  failures: number
  failingSinceMs: number
  working: Promise<void> | undefined
}

export async function startMapping(options: MappingOptions): Promise<Mapping> {
  const mischief = options.mischief ?? quiet
  const lanes: Lane[] = Array.from({ length: mischief.lanes }, () => ({
    ...{ queue: [], failures: 0, failingSinceMs: 0 },
    working: undefined,
  }))
  const counts = { records: 0, filtered: 0, invocations: 0, failures: 0, redeliveries: 0 }
  const shards = await openShards(options)
  const pace = { gatherMs: 0 }
  let handedAtMs = 0
  let isOver = false
  let emptyReads = 0

  async function poll(): Promise<void> {
    for (const shard of shards) {
      if (shard.iterator === undefined) continue
      const read = await options.client.send(new GetRecordsCommand({ ShardIterator: shard.iterator, Limit: 1_000 }))
      shard.iterator = read.NextShardIterator
      const records = read.Records ?? []
      emptyReads = records.length === 0 ? emptyReads + 1 : 0
      for (const record of records) take(record)
    }
    if (performance.now() - handedAtMs < pace.gatherMs) return
    handedAtMs = performance.now()
    for (const lane of lanes) {
      lane.working ??= work(lane)
        .catch((error: unknown) => void process.stderr.write(`${String(error)}\n`))
        .finally(() => (lane.working = undefined))
    }
  }

  function take(record: _Record): void {
    counts.records++
    if (options.passes(record)) lanes[laneOf(record, lanes.length)]?.queue.push(record)
    else counts.filtered++
  }

  async function work(lane: Lane): Promise<void> {
    // What comes meanwhile gathers for the next time.
    let left = lane.queue.length
    while (left > 0 && !isOver) {
      const batch = lane.queue.slice(0, Math.min(batchMost, left))
      const done = await invoke(batch)
      lane.queue.splice(0, done)
      left -= done
      if (done < batch.length) await afterFailure(lane)
      else lane.failures = 0
      if (mischief.chance() < mischief.redelivered) {
        counts.redeliveries++
        setTimeout(() => void invoke(batch).catch(() => undefined), pollEveryMs * 5)
      }
    }
  }

  async function afterFailure(lane: Lane): Promise<void> {
    if (lane.failures === 0) lane.failingSinceMs = performance.now()
    if (performance.now() - lane.failingSinceMs > failingMostMs) throw new Error('the reactor fails the same record')
    lane.failures++
    await new Promise((resolve) => setTimeout(resolve, retryPauseMs))
  }

  /** How many of the batch need not come again. */
  async function invoke(batch: readonly _Record[]): Promise<number> {
    counts.invocations++
    const event = { Records: batch.map(lambdaRecord) }
    try {
      const response = (await options.handler(event as never, options.context() as never)) as
        | DynamoDBBatchResponse
        | undefined
      const failed = response?.batchItemFailures ?? []
      if (failed.length === 0) return batch.length
      counts.failures++
      const first = failed.map(({ itemIdentifier }) =>
        batch.findIndex((record) => record.dynamodb?.SequenceNumber === itemIdentifier),
      )
      return Math.max(0, Math.min(...first))
    } catch {
      counts.failures++
      return 0
    }
  }

  const timer = setInterval(() => {
    polling ??= poll()
      .catch((error: unknown) => {
        if (!isOver) process.stderr.write(`the stream cannot be read: ${String(error)}\n`)
      })
      .finally(() => (polling = undefined))
  }, pollEveryMs)
  let polling: Promise<unknown> | undefined

  return {
    counts,
    pace,
    settled: async () => {
      const from = emptyReads
      while (!isOver && (emptyReads < from + 3 || lanes.some(({ queue }) => queue.length > 0))) {
        await new Promise((resolve) => setTimeout(resolve, pollEveryMs))
      }
    },
    [Symbol.asyncDispose]: async () => {
      isOver = true
      clearInterval(timer)
      await polling
      await Promise.all(lanes.map(({ working }) => working))
    },
  }
}

async function openShards({ client, streamArn }: MappingOptions): Promise<{ iterator: string | undefined }[]> {
  const { StreamDescription: stream } = await client.send(new DescribeStreamCommand({ StreamArn: streamArn }))
  return Promise.all(
    (stream?.Shards ?? []).map(async ({ ShardId }) => {
      const start = { StreamArn: streamArn, ShardId, ShardIteratorType: 'TRIM_HORIZON' } as const
      return { iterator: (await client.send(new GetShardIteratorCommand(start))).ShardIterator }
    }),
  )
}

function laneOf(record: _Record, lanes: number): number {
  const key = record.dynamodb?.Keys?.pk?.S ?? ''
  let sum = 0
  for (const char of key) sum = (sum * 31 + (char.codePointAt(0) ?? 0)) % 65_521
  return sum % lanes
}

/** The client makes a Date of what Lambda's event has as seconds. */
function lambdaRecord(record: _Record): unknown {
  const created = record.dynamodb?.ApproximateCreationDateTime
  const seconds = created === undefined ? undefined : created.getTime() / 1_000
  return {
    ...record,
    awsRegion: 'us-east-1',
    eventSourceARN: 'arn:aws:dynamodb:us-east-1:111122223333:table/local/stream/local',
    dynamodb: { ...record.dynamodb, ApproximateCreationDateTime: seconds },
  }
}
