import { Tags } from 'aws-cdk-lib'
import type { Table } from 'aws-cdk-lib/aws-dynamodb'
import { RetentionDays } from 'aws-cdk-lib/aws-logs'
import type { Bucket } from 'aws-cdk-lib/aws-s3'
import type { Queue } from 'aws-cdk-lib/aws-sqs'
import type { Construct } from 'constructs'
import { createAlarms } from './alarms.ts'
import { createApiGateway } from './api.ts'
import { createAttentionQueue, tellOfFailedBatches } from './attention.ts'
import { createBucket } from './bucket.ts'
import { windClock } from './clock.ts'
import { createCluster } from './cluster.ts'
import { createDashboard } from './dashboard.ts'
import { Hub } from './hub.ts'
import { checkHub } from './hub-checks.ts'
import { type HubFacts, hubEnvironment } from './hub-facts.ts'
import { createFunctions, type HubFunctions } from './hub-functions.ts'
import { tellOthers } from './hub-parameters.ts'
import type { TaskHubProps } from './hub-props.ts'
import { ImportedHub } from './imported-hub.ts'
import { createLiveApi, openLiveApi } from './live.ts'
import { createNetwork } from './network.ts'
import { readStream } from './reactor.ts'
import { watchStops } from './stops.ts'
import { createTable } from './table.ts'

const shardsDefault = { directory: 4, due: 8 } as const
const parallelizationDefault = 2

/**
 * A hub in your account: API, table, functions, a cluster for the instances of workers, alarms. Idle it costs under a
 * dollar a month.
 *
 * @example
 * const hub = new TaskHub(this, 'Tasks', { alarmEmails: ['ops@shop.example'] })
 * hub.addWorker({ module: 'workers/orders.ts', image: { directory: '.' } })
 * hub.grantSubmit(checkout, { commands: ['order.confirm'] })
 */
export class TaskHub extends Hub {
  /** A hub that another stack or app of this account and Region made. */
  static fromHubName(scope: Construct, id: string, hubName: string): Hub {
    return new ImportedHub(scope, id, hubName)
  }

  readonly hubName: string
  readonly endpoint: string
  readonly table: Table
  readonly bucket: Bucket
  /** What a person has to look at. */
  readonly attentionQueue: Queue
  /** @internal */
  readonly facts: HubFacts

  constructor(scope: Construct, id: string, props: TaskHubProps = {}) {
    super(scope, id)
    const hubName = props.hubName ?? 'main'
    checkHub(hubName, props)
    this.hubName = hubName
    const { removalPolicy } = props
    this.table = createTable(this, { ...props.table, removalPolicy })
    this.bucket = createBucket(this, { hubName, corsOrigins: props.corsOrigins ?? [], removalPolicy })
    this.attentionQueue = createAttentionQueue(this, hubName)
    tellOfFailedBatches(this.attentionQueue, this.bucket)

    const shared = {
      hubName,
      tableName: this.table.tableName,
      bucketName: this.bucket.bucketName,
      dueShards: String(props.dueShards ?? shardsDefault.due),
      directoryShards: String(props.directoryShards ?? shardsDefault.directory),
    }
    const logRetention = props.logRetention ?? RetentionDays.ONE_MONTH
    const liveApi = props.live === false ? undefined : createLiveApi(this, hubName)
    const functions = createFunctions(this, {
      ...{ hubName, logRetention, table: this.table, bucket: this.bucket, attentionQueue: this.attentionQueue },
      environment: hubEnvironment(this, shared),
      ...{ events: props.events, liveApi },
      codeFolder: props.codeFolder,
    })
    const { api, reactor, clock, live } = functions
    if (liveApi !== undefined && live !== undefined) openLiveApi(liveApi, live)
    const parallelization = props.reactorParallelization ?? parallelizationDefault
    readStream({ reactor, table: this.table, bucket: this.bucket, parallelization })
    windClock(this, hubName, clock)
    watchStops(this, { hubName, clockArn: clock.handler.functionArn, attentionQueueArn: this.attentionQueue.queueArn })
    const gateway = createApiGateway(this, {
      hubName,
      handler: api.handler,
      throttle: props.throttle ?? {},
      logRetention,
    })

    const network = createNetwork(this, props)
    const roles = Object.values(functions).map(({ role }) => role)
    const cluster = createCluster(this, { hubName, containerInsights: props.containerInsights === true, after: roles })
    this.endpoint = gateway.apiEndpoint
    this.facts = {
      ...shared,
      endpoint: this.endpoint,
      apiId: gateway.apiId,
      attentionQueueArn: this.attentionQueue.queueArn,
      intakeArn: functions.intake.handler.functionArn,
      registrarArn: functions.registrar.handler.functionArn,
      network: network.facts,
      logRetention,
      ready: [...network.ready, ...cluster, this.table, this.bucket, this.attentionQueue, functions.registrar],
    }
    tellOthers(this, this.facts)
    this.watch(props, functions, liveApi?.api.apiId)
    Tags.of(this).add('taskurai:hub', hubName)
  }

  private watch(props: TaskHubProps, functions: HubFunctions, liveApiId: string | undefined): void {
    const { hubName, facts, attentionQueue } = this
    const { apiId, endpoint, tableName } = facts
    const functionNames = {
      api: functions.api.handler.functionName,
      reactor: functions.reactor.handler.functionName,
      clock: functions.clock.handler.functionName,
    }
    const alarms = createAlarms(this, {
      ...{ hubName, apiId, tableName, topic: props.alarmTopic, emails: props.alarmEmails ?? [] },
      attentionQueueName: attentionQueue.queueName,
      reactorName: functionNames.reactor,
      clockName: functionNames.clock,
    })
    if (props.dashboard === false) return
    createDashboard(this, { hubName, endpoint, apiId, liveApiId, tableName, functionNames, alarms })
  }
}
