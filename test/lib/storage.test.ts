import { describe, expect, test } from 'vitest'
import { settle } from '../support/cdk/settle.ts'
import { anImage, ofType, synthHub } from '../support/cdk/synth.ts'

describe('the table of a hub', () => {
  test('is paid by the request, streams both images, forgets by expiresAt, and has a sparse index of what is due', () => {
    const [table] = ofType(synthHub(), 'AWS::DynamoDB::Table')
    expect(table?.Properties).toMatchObject({
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
      TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
      GlobalSecondaryIndexes: [
        {
          IndexName: 'due',
          KeySchema: [
            { AttributeName: 'dueShard', KeyType: 'HASH' },
            { AttributeName: 'due', KeyType: 'RANGE' },
          ],
          Projection: { ProjectionType: 'KEYS_ONLY' },
        },
      ],
    })
    expect(table?.Properties.AttributeDefinitions).toContainEqual({ AttributeName: 'dueShard', AttributeType: 'S' })
    expect(table?.Properties.AttributeDefinitions).toContainEqual({ AttributeName: 'due', AttributeType: 'N' })
  })

  test('can be restored and is not deleted, unless it is said to be let go', () => {
    const [table] = ofType(synthHub(), 'AWS::DynamoDB::Table')
    expect(table).toMatchObject({
      DeletionPolicy: 'Retain',
      Properties: {
        DeletionProtectionEnabled: true,
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      },
    })
    const letGo = synthHub({
      table: { deletionProtection: false, pointInTimeRecovery: false },
      removalPolicy: 'destroy' as never,
    })
    expect(ofType(letGo, 'AWS::DynamoDB::Table')[0]).toMatchObject({
      DeletionPolicy: 'Delete',
      Properties: {
        DeletionProtectionEnabled: false,
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: false },
      },
    })
    expect(ofType(letGo, 'AWS::S3::Bucket')[0]?.DeletionPolicy).toBe('Delete')
  })
})

describe('the bucket of a hub', () => {
  test('is closed to the public, encrypted, kept, and open to no web page', () => {
    const [bucket] = ofType(synthHub(), 'AWS::S3::Bucket')
    expect(bucket).toMatchObject({
      DeletionPolicy: 'Retain',
      Properties: {
        BucketEncryption: {
          ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
        },
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
        OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      },
    })
    expect(bucket?.Properties.CorsConfiguration).toBeUndefined()
  })

  test('takes the web pages that it is told of', () => {
    const [bucket] = ofType(synthHub({ corsOrigins: ['https://shop.example'] }), 'AWS::S3::Bucket')
    expect(bucket?.Properties.CorsConfiguration.CorsRules).toMatchObject([
      { AllowedOrigins: ['https://shop.example'], AllowedMethods: ['GET', 'PUT'] },
    ])
  })

  test('tells the attention queue of batches that failed, which may hear it from that bucket alone', () => {
    const { resources } = synthHub()
    const settled = settle(resources)
    const [bucket] = ofType({ resources: settled }, 'AWS::S3::Bucket')
    const attention = 'arn:aws:sqs:eu-central-1:111122223333:taskurai-main_attention'
    expect(bucket?.Properties.NotificationConfiguration.QueueConfigurations).toMatchObject([
      { Queue: attention, Filter: { S3Key: { Rules: [{ Name: 'prefix', Value: 'aws/lambda/' }] } } },
    ])
    const statements = ofType({ resources: settled }, 'AWS::SQS::QueuePolicy').flatMap(
      ({ Properties }) => Properties.PolicyDocument.Statement,
    )
    expect(statements).toContainEqual({
      Sid: 'BatchesThatFailed',
      Effect: 'Allow',
      Principal: { Service: 's3.amazonaws.com' },
      Action: 'sqs:SendMessage',
      Resource: attention,
      Condition: {
        ArnEquals: { 'aws:SourceArn': `arn:aws:s3:::${bucket?.Properties.BucketName}` },
        StringEquals: { 'aws:SourceAccount': '111122223333' },
      },
    })
    const policy = Object.keys(resources).find((id) => resources[id]?.Type === 'AWS::SQS::QueuePolicy')
    expect(bucket?.DependsOn).toContain(policy)
  })
})

describe('everything of a hub and its workers', () => {
  const all = synthHub({}, (hub) => {
    hub.addWorker('mill', { image: anImage })
    hub.addWorker('press', { image: anImage })
  })

  test('takes no request without TLS', () => {
    const guarded = ofType(all, 'AWS::SQS::QueuePolicy').concat(
      ofType(all, 'AWS::S3::BucketPolicy'),
      ofType(all, 'AWS::SNS::TopicPolicy'),
    )
    const kinds = ofType(all, 'AWS::SQS::Queue').concat(ofType(all, 'AWS::S3::Bucket'), ofType(all, 'AWS::SNS::Topic'))
    expect(guarded).toHaveLength(kinds.length)
    for (const { Properties } of guarded) {
      const denied = Properties.PolicyDocument.Statement.filter(
        (statement: { Effect: string; Condition?: unknown }) =>
          statement.Effect === 'Deny' &&
          JSON.stringify(statement.Condition) === '{"Bool":{"aws:SecureTransport":"false"}}',
      )
      expect(denied).toHaveLength(1)
    }
  })

  test('is encrypted by keys that cost nothing', () => {
    const queues = ofType(all, 'AWS::SQS::Queue')
    expect(queues).toHaveLength(3)
    for (const { Properties } of queues) expect(Properties.SqsManagedSseEnabled).toBe(true)
    expect(ofType(all, 'AWS::KMS::Key')).toEqual([])
  })

  test('keeps logs for a month and no longer, and any other time where it is said', () => {
    const groups = ofType(all, 'AWS::Logs::LogGroup')
    expect(groups.map(({ Properties }) => Properties.LogGroupName).sort()).toEqual([
      '/aws/events/taskurai/main/instances',
      '/aws/vendedlogs/taskurai/main/access',
      ...['api', 'clock', 'intake', 'live', 'reactor', 'registrar', 'worker/mill', 'worker/press'].map(
        (name) => `/taskurai/main/${name}`,
      ),
    ])
    for (const { Properties } of groups) expect(Properties.RetentionInDays).toBe(30)
    const week = synthHub({ logRetention: 7 }, (hub) => void hub.addWorker('mill', { image: anImage, logRetention: 3 }))
    const days = ofType(week, 'AWS::Logs::LogGroup').map(({ Properties }) => [
      Properties.LogGroupName,
      Properties.RetentionInDays,
    ])
    expect(Object.fromEntries(days)).toMatchObject({ '/taskurai/main/api': 7, '/taskurai/main/worker/mill': 3 })
  })

  test('carries the name of the hub as a tag', () => {
    const untagged = Object.entries(all.resources).filter(([, { Properties }]) => {
      const { Tags } = Properties
      return Tags !== undefined && !JSON.stringify(Tags).includes('taskurai:hub')
    })
    expect(untagged).toEqual([])
  })
})

test('two hubs of one account and Region have no name in common', () => {
  const one = namesIn(synthHub({ hubName: 'shop' }, (hub) => void hub.addWorker('mill', { image: anImage })))
  const other = namesIn(synthHub({ hubName: 'desk' }, (hub) => void hub.addWorker('mill', { image: anImage })))
  expect(one.length).toBeGreaterThan(35)
  expect(one.filter((name) => other.includes(name))).toEqual([])
})

/** All names that the template itself gives. (Two stacks have two ids, of which the bucket's name is made.) */
function namesIn({ resources }: Pick<ReturnType<typeof synthHub>, 'resources'>): readonly string[] {
  const found: string[] = []
  for (const { Type, Properties } of Object.values(settle(resources))) {
    for (const [key, value] of Object.entries(Properties)) {
      if (
        /^(?:Name|.+Name|Family)$/.test(key) &&
        typeof value === 'string' &&
        !/^(?:StageName|FunctionName|MetricName)$/.test(key)
      ) {
        found.push(`${Type} ${value}`)
      }
      if (Type === 'AWS::Lambda::Function' && key === 'FunctionName') found.push(`${Type} ${value}`)
    }
  }
  return found.filter((name) => !/AWS::IAM::Policy|AWS::EC2/.test(name))
}
