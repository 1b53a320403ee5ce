import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { toManifest } from '#worker-runtime/worker'
import { prices, pricesOf } from '../../bench/aws/prices.ts'
import media from '../../examples/media/worker.ts'
import orders from '../../examples/orders/worker.ts'
import reports from '../../examples/reports/worker.ts'
import { type IdleUse, idleMinute } from '../support/cdk/idle-clock.ts'
import { anImage, ofType, type Resource, type Synthesized, synthHub } from '../support/cdk/synth.ts'
import { repository } from '../support/repository.ts'

/**
 * What a hub with three workers and no work costs a month at list price, without any free tier: each kind of resource in
 * the template has a price, and one without fails, so that nothing new comes unseen.
 */

const goal = 1
const hoursOfMonth = 730
const minutesOfMonth = hoursOfMonth * 60

/** US dollars a month, beside what `prices` has. */
const monthly = {
  /** One metric, standard resolution. */
  alarm: 0.1,
  dashboard: 3,
  /** Table with its restore points, bucket, assets of CDK: a few megabytes. */
  storage: 0.01,
  /** Three images of 150 MB, after compression. */
  images: 0.045,
} as const

/** What is taken for granted, since no Lambda runs here. */
const clockMs = 120

const workers = [orders, reports, media].map(toManifest)

type Prices = Readonly<Record<string, (resource: Resource, hub: Idle) => number>>

interface Idle extends Synthesized {
  readonly minute: IdleUse
}

const free = () => 0

/** By kind of resource; zero for what is paid by use, and nobody uses anything. */
const priceOf: Prices = {
  'AWS::Lambda::Function': free,
  'AWS::Lambda::Permission': free,
  'AWS::Lambda::EventInvokeConfig': free,
  'AWS::ApiGatewayV2::Api': free,
  'AWS::ApiGatewayV2::Route': free,
  'AWS::ApiGatewayV2::Integration': free,
  'AWS::ApiGatewayV2::Stage': free,
  'AWS::SQS::Queue': free,
  'AWS::SQS::QueuePolicy': free,
  'AWS::S3::Bucket': free,
  'AWS::S3::BucketPolicy': free,
  'AWS::SNS::Topic': free,
  'AWS::SNS::TopicPolicy': free,
  'AWS::IAM::Role': free,
  'AWS::IAM::Policy': free,
  'AWS::ECS::Cluster': free,
  'AWS::ECS::ClusterCapacityProviderAssociations': free,
  'AWS::ECS::TaskDefinition': free,
  'AWS::EC2::VPC': free,
  'AWS::EC2::Subnet': free,
  'AWS::EC2::Route': free,
  'AWS::EC2::RouteTable': free,
  'AWS::EC2::SubnetRouteTableAssociation': free,
  'AWS::EC2::InternetGateway': free,
  'AWS::EC2::VPCGatewayAttachment': free,
  'AWS::EC2::SecurityGroup': free,
  'Custom::TaskuraiWorker': free,
  // Standard parameters; the first retention of logs is empty.
  'AWS::SSM::Parameter': ({ Properties }) => (Properties.Tier === undefined ? 0 : Number.NaN),
  'AWS::Logs::LogGroup': free,
  'AWS::Logs::ResourcePolicy': free,
  // Gateway endpoints; any other is paid by the hour.
  'AWS::EC2::VPCEndpoint': ({ Properties }) => (Properties.VpcEndpointType === 'Gateway' ? 0 : Number.NaN),
  // Reading a table's stream is free for Lambda; a queue would be polled, at 0.26 $ a month.
  'AWS::Lambda::EventSourceMapping': ({ Properties }) =>
    JSON.stringify(Properties.EventSourceArn).includes('StreamArn') ? 0 : Number.NaN,
  'AWS::DynamoDB::Table': ({ Properties }) => (Properties.BillingMode === 'PAY_PER_REQUEST' ? 0 : Number.NaN),
  'AWS::CloudWatch::Alarm': ({ Properties }) => (Properties.Metrics === undefined ? monthly.alarm : Number.NaN),
  'AWS::CloudWatch::Dashboard': () => monthly.dashboard,
  'AWS::Events::Rule': ({ Properties }, hub) => (Properties.ScheduleExpression === undefined ? 0 : clockDollars(hub)),
}

/** The rule itself is free; what it wakes is not. */
function clockDollars({ resources, minute }: Idle): number {
  const clock = ofType({ resources }, 'AWS::Lambda::Function').find(({ Properties }) =>
    Properties.FunctionName.endsWith('-clock'),
  )
  const gbSeconds = ((clock?.Properties.MemorySize / 1_024) * clockMs) / 1_000
  return minutesOfMonth * (prices.lambdaRequest + gbSeconds * prices.lambdaGbSecond) + storeDollars(minute)
}

function storeDollars({ readUnits, writeUnits, dueReads, queueLooks }: IdleUse): number {
  return (
    minutesOfMonth *
    ((readUnits + dueReads) * prices.readUnit + writeUnits * prices.writeUnit + queueLooks * prices.sqsRequest)
  )
}

describe(`an idle month of a hub with three workers (${pricesOf})`, () => {
  let hub: Idle
  beforeAll(async () => {
    const made = synthHub({}, (each) => {
      for (const { name } of workers) each.addWorker(name, { image: anImage })
    })
    const { Variables } = clockOf(made).Properties.Environment
    const minute = await idleMinute({
      workers,
      dueShards: Number(Variables.TASKURAI_DUE_SHARDS),
      directoryShards: Number(Variables.TASKURAI_DIRECTORY_SHARDS),
    })
    hub = { ...made, minute }
  })

  test('has a price for all that is in the template', () => {
    const unpriced = Object.entries(hub.resources).filter(([, resource]) => !Number.isFinite(priceIn(hub, resource)))
    expect(unpriced.map(([id, { Type }]) => `${Type} ${id}`)).toEqual([])
  })

  test(`costs at most ${goal} $, without the dashboard, which is what docs/deploy.md says`, async () => {
    const rows = itemized(hub)
    const sum = rows.reduce((all, [, dollars]) => all + dollars, 0)
    const table = [...rows, ['sum', sum] as const].map(
      ([name, dollars]) => `${dollars.toFixed(3).padStart(7)} $  ${name}`,
    )
    process.stdout.write(
      `idle month, ${pricesOf}, dashboard (${monthly.dashboard} $, an account's first three free) apart:\n${table.join('\n')}\n`,
    )
    expect(sum).toBeLessThanOrEqual(goal)
    expect(await readFile(join(repository, 'docs/deploy.md'), 'utf8')).toContain(`| **sum** | **${sum.toFixed(2)}** |`)
    // What is printed is what the template and the clock cost, no more and no less.
    const all = Object.values(hub.resources).reduce((total, resource) => total + priceIn(hub, resource), 0)
    expect(sum).toBeCloseTo(all - monthly.dashboard + monthly.storage + monthly.images, 10)
  })

  test('starts nothing and tells no metric', () => {
    expect(hub.minute).toMatchObject({ launches: 0, metrics: 0 })
  })

  test('costs by the shards of the index', async () => {
    const more = await idleMinute({ workers, dueShards: 64, directoryShards: 4 })
    expect(more.dueReads).toBe(8 * hub.minute.dueReads)
  })
})

function clockOf({ resources }: Pick<Synthesized, 'resources'>): Resource {
  const clock = ofType({ resources }, 'AWS::Lambda::Function').find(({ Properties }) =>
    Properties.FunctionName.endsWith('-clock'),
  )
  if (clock === undefined) throw new Error('the template has no clock')
  return clock
}

function priceIn(hub: Idle, resource: Resource): number {
  return priceOf[resource.Type]?.(resource, hub) ?? Number.NaN
}

function itemized(hub: Idle): readonly (readonly [name: string, dollars: number])[] {
  const { readUnits, writeUnits, dueReads, queueLooks } = hub.minute
  const alarms = ofType(hub, 'AWS::CloudWatch::Alarm')
  return [
    [
      `clock: ${minutesOfMonth.toLocaleString('en')} runs of ${clockMs} ms`,
      clockDollars(hub) - storeDollars(hub.minute),
    ],
    [`due index: ${dueReads} read units a minute`, minutesOfMonth * dueReads * prices.readUnit],
    [`other reads: ${readUnits.toFixed(2)} units a minute`, minutesOfMonth * readUnits * prices.readUnit],
    [`writes: ${writeUnits.toFixed(2)} units a minute`, minutesOfMonth * writeUnits * prices.writeUnit],
    [`GetQueueAttributes: ${queueLooks.toFixed(2)} a minute`, minutesOfMonth * queueLooks * prices.sqsRequest],
    [`${alarms.length} alarms`, alarms.length * monthly.alarm],
    ['table, restore points, bucket, assets', monthly.storage],
    ['images of three workers', monthly.images],
  ]
}
