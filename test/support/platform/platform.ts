import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams'
import { CreateBucketCommand } from '@aws-sdk/client-s3'
import { createS3Client } from '#adapters/s3/client'
import { type Client, createClient } from '#client/index'
import { workerLogGroupOf } from '#core/contract/hub-env'
import type { RegistrarProps } from '#functions/registrar/config'
import { namesOf } from '#lib/names'
import { routes } from '#lib/routes'
import { startDynamo } from '../engines/dynamodb-local.ts'
import { type FakeEcs, startFakeEcs } from '../engines/fake-ecs.ts'
import { startFakeLogs } from '../engines/fake-logs.ts'
import { startSqs } from '../engines/fauxqs.ts'
import { type Caller, startGateway } from './api-gateway.ts'
import { type AwsProxy, startAwsProxy, type Target } from './aws-proxy.ts'
import { type Containers, startContainers } from './containers.ts'
import { type Lambda, startLambda } from './lambda.ts'
import { startLambdaService } from './lambda-service.ts'
import { type Sink, startSink } from './sink.ts'
import { type Mapping, type Mischief, startMapping } from './stream-mapping.ts'
import { startWebSocketGateway, type WebSocketGateway } from './websocket-gateway.ts'

/**
 * A whole hub of an account on this machine: the functions' own bundles, the container's own program, and around them
 * what AWS does: an HTTP API with IAM, the mapping of the table's stream, a schedule, a bus, RunTask. The engines behind
 * it are emulators (docs/engines.md), and every call on its way to them is noted.
 */

export interface PlatformOptions {
  /** Modules of test/fixtures/workers. */
  readonly workers: readonly string[]
  readonly events?: string
  readonly mischief?: Mischief
  /** How often the schedule calls the clock; each minute in an account. */
  readonly tickEveryMs?: number
  /** How long instances stay without work; short by default, so that they are seen to leave. */
  readonly idleSeconds?: number
  /** Changes what is sent to the table on its way: for the meter. */
  readonly rewrite?: Target['rewrite']
}

export interface Platform extends AsyncDisposable {
  readonly endpoint: string
  readonly client: Client
  readonly proxy: AwsProxy
  readonly ecs: FakeEcs
  readonly containers: Containers
  readonly mapping: Mapping
  readonly sink: Sink
  /** Where watchers connect. */
  readonly live: WebSocketGateway
  readonly functions: Readonly<Record<FunctionName, Lambda>>
  readonly table: string
  readonly bucket: string
  readonly queueUrlPrefix: string
  readonly attentionUrl: string
  /** What `cdk deploy` does for a worker; answers what the custom resource answered. */
  readonly deploy: (worker: string, changes?: Partial<RegistrarProps>) => Promise<Readonly<Record<string, unknown>>>
  readonly output: () => string
}

/** As they are deployed; only one of them is open to everybody. */
const deployedRoutes = {
  routes: routes.filter((route) => route.for !== 'everybody').map(({ method, path }) => `${method} ${path}`),
  openRoutes: routes.filter((route) => route.for === 'everybody').map(({ method, path }) => `${method} ${path}`),
}

const functionNames = ['api', 'reactor', 'clock', 'intake', 'registrar', 'live'] as const
export type FunctionName = (typeof functionNames)[number]

export const hub = 'demo'
const bucket = `taskurai-${hub}-files`
const bundles = fileURLToPath(new URL('../../../.build/functions/', import.meta.url))
const idleSecondsDefault = 1

export const operator: Caller = {
  accessKeyId: 'AKIDOPERATOR',
  secretAccessKey: 'secret of the operator',
  userArn: 'arn:aws:sts::111122223333:assumed-role/desk/ann',
}

export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  const cleanup: AsyncDisposable[] = []
  const keep = <Part extends AsyncDisposable>(part: Part): Part => {
    cleanup.push(part)
    return part
  }
  try {
    return await openParts(options, keep, async () => {
      for (const part of cleanup.toReversed()) await part[Symbol.asyncDispose]()
    })
  } catch (error) {
    for (const part of cleanup.toReversed()) await part[Symbol.asyncDispose]()
    throw error
  }
}

type Keep = <Part extends AsyncDisposable>(part: Part) => Part

async function openParts(options: PlatformOptions, keep: Keep, dispose: () => Promise<void>): Promise<Platform> {
  await makeBundles()
  const parts = [startDynamo(), startSqs(), startFakeEcs(), startFakeLogs(), startSink()] as const
  const [dynamo, sqs, ecs, logs, sink] = await Promise.all(parts)
  keep(dynamo)
  keep({ [Symbol.asyncDispose]: sqs.stop })
  keep(ecs)
  keep(logs)
  keep(sink)
  const { name: table, streamArn } = await dynamo.makeTable()
  const { queueUrlPrefix, attentionUrl, attentionArn } = await sqs.makeQueues(options.workers)
  const sqsEndpoint = String(sqs.settings.endpoint)
  const invoke = (name: FunctionName, event: unknown) => functions[name].invoke(event)
  const live = keep(await startWebSocketGateway({ handler: (event) => invoke('live', event) }))
  const later = keep(await startLambdaService({ invoke: (name, event) => invoke(name as FunctionName, event) }))
  const rewriting = options.rewrite === undefined ? {} : { rewrite: options.rewrite }
  const proxy = keep(
    await startAwsProxy([
      { service: 'dynamodb', endpoint: dynamo.endpoint, ...rewriting },
      { service: 'sqs', endpoint: sqsEndpoint },
      { service: 's3', endpoint: sqsEndpoint },
      { service: 'ecs', endpoint: ecs.endpoint },
      { service: 'events', endpoint: sink.endpoint },
      { service: 'lambda', endpoint: later.endpoint },
      { service: 'connections', endpoint: new URL(live.url.replace(/^ws/, 'http')).origin },
      { service: 'logs', endpoint: logs.endpoint },
    ]),
  )
  await makeBucket(sqsEndpoint)
  const hubEnv = {
    TASKURAI_HUB: hub,
    TASKURAI_TABLE: table,
    // The SDK sends to where a queue's address says, unless it is told of another endpoint.
    TASKURAI_QUEUE_URL_PREFIX: queueUrlPrefix,
    TASKURAI_BUCKET: bucket,
    TASKURAI_ATTENTION_QUEUE_URL: attentionUrl,
    TASKURAI_ATTENTION_QUEUE_ARN: attentionArn,
    TASKURAI_EVENT_BUS: 'default',
    TASKURAI_EVENTS: options.events ?? '',
    TASKURAI_LIVE_URL: live.url,
  }
  const envOf = (role: string) => ({ ...hubEnv, ...awsEnv(role, proxy) })
  const functions = await startFunctions(envOf, keep)

  const stops = (event: unknown) => void deliver(functions.clock, event).catch(report)
  const containers = keep(
    startContainers({
      ...{ ecs, onStopped: stops },
      env: (worker) => ({ ...envOf(`worker-${worker}`), ...plain() }),
      onLine: (worker, stream, message) =>
        logs.put(workerLogGroupOf(hub, worker), { timestamp: Date.now(), message, stream }),
    }),
  )
  const streams = new DynamoDBStreamsClient({
    ...{ endpoint: dynamo.endpoint, region: 'us-east-1' },
    credentials: { accessKeyId: 'mapping', secretAccessKey: 'mapping' },
  })
  const mapping = keep(
    await startMapping({
      ...{ client: streams, streamArn },
      handler: functions.reactor.invoke as never,
      context: () => undefined,
      passes: ({ dynamodb, userIdentity }) =>
        dynamodb?.Keys?.sk?.S === 'HEAD' && (userIdentity === undefined || dynamodb.NewImage === undefined),
      ...(options.mischief === undefined ? {} : { mischief: options.mischief }),
    }),
  )
  const gateway = keep(
    await startGateway({ callers: [operator], handler: functions.api.invoke as never, ...deployedRoutes }),
  )
  keep(startSchedule(functions.clock, options.tickEveryMs ?? 1_000))

  let revision = 0
  const deploy = async (worker: string, changes: Partial<RegistrarProps> = {}) => {
    const taskDefinition = `arn:aws:ecs:us-east-1:111122223333:task-definition/${hub}-${worker}:${++revision}`
    ecs.revisions.push(taskDefinition)
    const { url, answer } = sink.awaitAnswer()
    const launch = {
      ...({
        kind: 'ecs',
        cluster: namesOf(hub).cluster,
        taskDefinition,
        container: 'worker',
        capacity: 'on-demand',
      } as const),
      ...{ subnets: ['subnet-1'], securityGroups: ['sg-1'], assignPublicIp: true },
    }
    const registration = {
      worker,
      launch,
      verify: true,
      idleSeconds: options.idleSeconds ?? idleSecondsDefault,
      ...changes,
    }
    await functions.registrar.invoke(customResource(worker, registration, url))
    return answer
  }
  for (const worker of options.workers) {
    const told = await deploy(worker, { verify: true })
    if (told.Status !== 'SUCCESS')
      throw new Error(`${worker} is not registered: ${JSON.stringify(told)}\n${containers.output()}`)
  }
  const credentials = { accessKeyId: operator.accessKeyId, secretAccessKey: operator.secretAccessKey }
  const client = createClient({ endpoint: gateway.endpoint, credentials, region: 'us-east-1' })
  const output = () =>
    [...functionNames.map((name) => `--- ${name}\n${functions[name].output()}`), containers.output()].join('\n')
  const names = { table, bucket, queueUrlPrefix, attentionUrl }
  const opened = { proxy, ecs, containers, mapping, sink, live, functions, ...names, deploy, output }
  return { endpoint: gateway.endpoint, client, ...opened, [Symbol.asyncDispose]: dispose }
}

async function startFunctions(envOf: (role: string) => Record<string, string>, keep: Keep) {
  const start = (name: FunctionName, timeoutMs: number, environments = 1) =>
    keep(
      startLambda({
        ...{ name, timeoutMs, environments, bundle: join(bundles, name, 'index.mjs') },
        env: { ...envOf(name), PATH: process.env.PATH ?? '' },
      }),
    )
  return {
    // Two of them: a call may meet one that never saw what the other did.
    api: start('api', 30_000, 2),
    reactor: start('reactor', 60_000),
    clock: start('clock', 60_000),
    intake: start('intake', 30_000),
    registrar: start('registrar', 900_000),
    // It calls itself while it still has to answer.
    live: start('live', 20_000, 2),
  }
}

/** As `cdk synth` does: made anew only where the sources have changed. */
async function makeBundles(): Promise<void> {
  const script = fileURLToPath(new URL('../../../scripts/fresh-functions.mjs', import.meta.url))
  await promisify(execFile)(process.execPath, [script])
}

/** Each role has its own keys, so that the notes say who called. */
function awsEnv(role: string, proxy: AwsProxy): Record<string, string> {
  const { dynamodb = '', sqs = '', s3 = '', ecs = '', events = '', logs = '' } = proxy.endpoints
  const { lambda = '', connections = '' } = proxy.endpoints
  return {
    AWS_REGION: 'us-east-1',
    // A key id has letters and digits only.
    AWS_ACCESS_KEY_ID: role.replaceAll('-', 'X'),
    AWS_SECRET_ACCESS_KEY: `secret of ${role}`,
    AWS_ENDPOINT_URL_DYNAMODB: dynamodb,
    AWS_ENDPOINT_URL_SQS: sqs,
    AWS_ENDPOINT_URL_S3: s3,
    AWS_ENDPOINT_URL_ECS: ecs,
    AWS_ENDPOINT_URL_EVENTBRIDGE: events,
    AWS_ENDPOINT_URL_LAMBDA: lambda,
    // A client is given the address with its stage.
    AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI: `${connections}/live`,
    AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: logs,
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  }
}

function plain(): Record<string, string> {
  const { PATH = '', HOME = '' } = process.env
  return { PATH, HOME, TASKURAI_GRACE_SECONDS: '1', TASKURAI_LOG: 'json' }
}

async function makeBucket(endpoint: string): Promise<void> {
  const credentials = { accessKeyId: 'maker', secretAccessKey: 'maker' }
  const client = createS3Client({ endpoint, region: 'us-east-1', credentials, forcePathStyle: true })
  await client.send(new CreateBucketCommand({ Bucket: bucket }))
  client.destroy()
}

function startSchedule(clock: Lambda, everyMs: number): AsyncDisposable {
  let ticking: Promise<unknown> | undefined
  const timer = setInterval(() => {
    ticking ??= clock
      .invoke({ source: 'aws.events', 'detail-type': 'Scheduled Event', time: new Date().toISOString(), detail: {} })
      .catch(report)
      .finally(() => {
        ticking = undefined
      })
  }, everyMs)
  return {
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer)
      await ticking
    },
  }
}

const deliveriesMost = 5

/** EventBridge calls a function asynchronously: what fails is tried again, for a day. */
async function deliver(lambda: Lambda, event: unknown): Promise<void> {
  for (let tried = 1; ; tried++) {
    try {
      await lambda.invoke(event)
      return
    } catch (error) {
      if (tried === deliveriesMost) throw error
      await new Promise((resolve) => setTimeout(resolve, 500))
    }
  }
}

function customResource(worker: string, registration: unknown, url: string) {
  return {
    RequestType: 'Create',
    ServiceToken: 'registrar',
    ResponseURL: url,
    StackId: 'arn:aws:cloudformation:us-east-1:111122223333:stack/demo/1',
    RequestId: `request-${worker}`,
    LogicalResourceId: `Worker${worker}`,
    ResourceType: 'Custom::TaskuraiWorker',
    ResourceProperties: { ServiceToken: 'registrar', Registration: JSON.stringify(registration) },
  }
}

function report(error: unknown): void {
  process.stderr.write(`the clock failed: ${String(error)}\n`)
}
