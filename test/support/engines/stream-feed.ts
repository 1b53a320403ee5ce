import {
  DescribeStreamCommand,
  type DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
} from '@aws-sdk/client-dynamodb-streams'
import { changeOf } from '#adapters/dynamodb/change'
import type { Change, Feed } from '#core/ports'

/**
 * A table's stream as a feed, for the conformance suite: all of it is read again at each call, since a cursor of the
 * port may be used twice and an iterator of the stream may not. In an account the mapping in front of the reactor reads.
 */
export function streamFeed(client: DynamoDBStreamsClient, streamArn: string, listeners: Set<() => void>): Feed {
  async function all(): Promise<Change[]> {
    const { StreamDescription: stream } = await client.send(new DescribeStreamCommand({ StreamArn: streamArn }))
    const changes: Change[] = []
    for (const { ShardId } of stream?.Shards ?? []) {
      const start = { StreamArn: streamArn, ShardId, ShardIteratorType: 'TRIM_HORIZON' } as const
      let iterator = (await client.send(new GetShardIteratorCommand(start))).ShardIterator
      for (;;) {
        if (iterator === undefined) break
        const { Records = [], NextShardIterator } = await client.send(
          new GetRecordsCommand({ ShardIterator: iterator }),
        )
        if (Records.length === 0) break
        for (const record of Records) {
          const read = changeOf(record)
          if (read.kind === 'unreadable') throw new Error(read.message)
          changes.push(read.change)
        }
        iterator = NextShardIterator
      }
    }
    return changes
  }
  return {
    read: async (cursor, limit) => {
      const from = Number(cursor ?? 0)
      const page = (await all()).slice(from, from + limit)
      return { changes: page, cursor: String(from + page.length) }
    },
    onChange: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
