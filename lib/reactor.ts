import { Duration } from 'aws-cdk-lib'
import type { Table } from 'aws-cdk-lib/aws-dynamodb'
import { EventSourceMapping, FilterCriteria, FilterRule, StartingPosition } from 'aws-cdk-lib/aws-lambda'
import type { Bucket } from 'aws-cdk-lib/aws-s3'
import { failedBatchesPrefix } from './bucket.ts'
import type { HubFunction } from './hub-function.ts'

/** The sort keys whose records the reactor is told of: its own writes and all that lies beside a head would double its calls. */
const filters = [
  // Also removals: what lay beside a head goes when the head is gone.
  FilterCriteria.filter({ dynamodb: { Keys: { sk: { S: FilterRule.isEqual('HEAD') } } } }),
  FilterCriteria.filter({
    eventName: FilterRule.isEqual('INSERT'),
    dynamodb: { Keys: { sk: { S: FilterRule.beginsWith('SIG#') } } },
  }),
]

export interface StreamOptions {
  readonly reactor: HubFunction
  readonly table: Table
  readonly bucket: Bucket
  readonly parallelization: number
}

/**
 * The one reader of the table's stream. It tries for as long as a record is young: few attempts would throw good records
 * away in ten minutes of throttling, and what can never succeed the reactor sets aside itself.
 */
export function readStream({ reactor, table, bucket, parallelization }: StreamOptions): void {
  const stream = table.tableStreamArn ?? ''
  reactor.allow(
    {
      actions: ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator', 'dynamodb:ListStreams'],
      on: [stream],
    },
    {
      actions: ['s3:PutObject'],
      on: [bucket.arnForObjects(`${failedBatchesPrefix}*`)],
      because: 'Lambda names what it puts under this prefix.',
    },
    { actions: ['s3:ListBucket'], on: [bucket.bucketArn] },
  )
  const mapping = new EventSourceMapping(reactor, 'Stream', {
    target: reactor.handler,
    eventSourceArn: stream,
    startingPosition: StartingPosition.TRIM_HORIZON,
    batchSize: 100,
    maxBatchingWindow: Duration.seconds(0),
    parallelizationFactor: parallelization,
    bisectBatchOnError: true,
    reportBatchItemFailures: true,
    maxRecordAge: Duration.hours(6),
    retryAttempts: 100,
    filters: [...filters],
    onFailure: { bind: () => ({ destination: bucket.bucketArn }) },
  })
  // The mapping is refused where the role may not yet read the stream.
  mapping.node.addDependency(reactor.role)
}
