import { Duration, Stack } from 'aws-cdk-lib'
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { type Bucket, type CfnBucket, EventType } from 'aws-cdk-lib/aws-s3'
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs'
import type { Construct } from 'constructs'
import { failedBatchesPrefix } from './bucket.ts'
import { arnsOf } from './hub-facts.ts'
import { namesOf } from './names.ts'

/**
 * The one queue a person looks into: bells that were received a thousand times, batches of the stream that the reactor
 * could not take, events that reached no function. One alarm watches it.
 */
export function createAttentionQueue(scope: Construct, hubName: string): Queue {
  const queue = new Queue(scope, 'Attention', {
    queueName: namesOf(hubName).attentionQueue,
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    retentionPeriod: Duration.days(14),
  })
  // Rules carry the hub's name, in whichever stack they are. One by one, those of another stack would tie it to this one.
  queue.addToResourcePolicy(
    new PolicyStatement({
      sid: 'EventsThatReachedNobody',
      principals: [new ServicePrincipal('events.amazonaws.com')],
      actions: ['sqs:SendMessage'],
      resources: [queue.queueArn],
      conditions: { ArnLike: { 'aws:SourceArn': arnsOf(scope, hubName).rules } },
    }),
  )
  return queue
}

/** Lambda puts a failed batch into the bucket, whole; S3 tells the queue. (The queue itself would only get its position.) */
export function tellOfFailedBatches(queue: Queue, bucket: Bucket): void {
  const template = bucket.node.defaultChild as CfnBucket
  const { account, partition } = Stack.of(queue)
  queue.addToResourcePolicy(
    new PolicyStatement({
      sid: 'BatchesThatFailed',
      principals: [new ServicePrincipal('s3.amazonaws.com')],
      actions: ['sqs:SendMessage'],
      resources: [queue.queueArn],
      conditions: {
        // By its name: a reference would make a circle, for S3 asks the queue before it makes the bucket.
        ArnEquals: { 'aws:SourceArn': `arn:${partition}:s3:::${template.bucketName}` },
        StringEquals: { 'aws:SourceAccount': account },
      },
    }),
  )
  // The construct's own way would deploy a function of its own that sets this, with rights on every bucket.
  template.notificationConfiguration = {
    queueConfigurations: [
      {
        event: EventType.OBJECT_CREATED,
        queue: queue.queueArn,
        filter: { s3Key: { rules: [{ name: 'prefix', value: failedBatchesPrefix }] } },
      },
    ],
  }
  bucket.node.addDependency(queue)
}
