import { Duration, Fn, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib'
import { BlockPublicAccess, Bucket, BucketEncryption, HttpMethods, ObjectOwnership } from 'aws-cdk-lib/aws-s3'
import type { Construct } from 'constructs'

/** Where Lambda puts batches of the stream that the reactor could not take; the service sets this prefix. */
export const failedBatchesPrefix = 'aws/lambda/'
const failedBatchesDays = 30
const brokenUploadDays = 1

export interface BucketOptions {
  readonly hubName: string
  readonly corsOrigins: readonly string[]
  readonly removalPolicy?: RemovalPolicy | undefined
}

/** Payloads and files, and what the reactor could not take. Free while it is empty. */
export function createBucket(scope: Construct, { hubName, corsOrigins, removalPolicy }: BucketOptions): Bucket {
  const bucket = new Bucket(scope, 'Bucket', {
    bucketName: bucketNameOf(scope, hubName),
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
    encryption: BucketEncryption.S3_MANAGED,
    enforceSSL: true,
    minimumTLSVersion: 1.2,
    removalPolicy: removalPolicy ?? RemovalPolicy.RETAIN,
    lifecycleRules: [
      { abortIncompleteMultipartUploadAfter: Duration.days(brokenUploadDays) },
      { prefix: failedBatchesPrefix, expiration: Duration.days(failedBatchesDays) },
    ],
    ...(corsOrigins.length === 0 ? {} : { cors: [corsRule(corsOrigins)] }),
  })
  Validations.of(bucket).acknowledge({
    id: 'AwsSolutions-S1',
    reason:
      'Access logs would need a second bucket and cost a request for each payload; who asked for an address of a file ' +
      'is in the access log of the API (price: 5 $ per million log objects, and their storage).',
  })
  return bucket
}

/**
 * Known before the bucket is there, since the queue that S3 tells of failed batches must allow it first. The piece of
 * the stack's id makes it another name when the stack is made anew beside a bucket that was kept.
 */
function bucketNameOf(scope: Construct, hubName: string): string {
  const idOfStack = Fn.select(2, Fn.split('/', Stack.of(scope).stackId))
  return `taskurai-${hubName}-${Fn.select(0, Fn.split('-', idOfStack))}`
}

function corsRule(origins: readonly string[]) {
  return {
    allowedOrigins: [...origins],
    allowedMethods: [HttpMethods.GET, HttpMethods.PUT],
    allowedHeaders: ['*'],
    exposedHeaders: ['ETag'],
    maxAge: 3_600,
  }
}
