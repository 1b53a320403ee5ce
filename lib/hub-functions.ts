import { Duration, Stack } from 'aws-cdk-lib'
import type { Table } from 'aws-cdk-lib/aws-dynamodb'
import type { RetentionDays } from 'aws-cdk-lib/aws-logs'
import type { Bucket } from 'aws-cdk-lib/aws-s3'
import type { Queue } from 'aws-cdk-lib/aws-sqs'
import type { Construct } from 'constructs'
import type { EnvText, HubEnv } from '#core/contract/hub-env'
import type { ApiEnv } from '#functions/api/config'
import type { ClockEnv } from '#functions/clock/config'
import type { IntakeEnv } from '#functions/intake/config'
import type { LiveEnv } from '#functions/live/config'
import type { ReactorEnv } from '#functions/reactor/config'
import type { RegistrarEnv } from '#functions/registrar/config'
import { HubFunction, type HubFunctionProps } from './hub-function.ts'
import type { EventsOut } from './hub-props.ts'
import { greetLater, type LiveApi } from './live.ts'
import type { FunctionName } from './names.ts'
import { permissionsOf } from './permissions.ts'

export interface HubFunctionsOptions {
  readonly hubName: string
  readonly environment: EnvText<HubEnv>
  readonly table: Table
  readonly bucket: Bucket
  readonly attentionQueue: Queue
  readonly events: EventsOut | undefined
  /** Absent: nobody can watch tasks. */
  readonly liveApi: LiveApi | undefined
  readonly logRetention: RetentionDays
  readonly codeFolder: string | undefined
}

export type HubFunctions = Readonly<Record<Exclude<FunctionName, 'live'>, HubFunction>> & {
  /** Where tasks can be watched. */
  readonly live?: HubFunction
}

/** The functions of a hub, each with what it is allowed: what its adapters call and nothing beside it. */
export function createFunctions(scope: Construct, options: HubFunctionsOptions): HubFunctions {
  const { hubName, logRetention, codeFolder } = options
  const environments = environmentsOf(scope, options)
  const make = (name: FunctionName, props: Pick<HubFunctionProps, 'description' | 'timeout' | 'memorySize'>) =>
    new HubFunction(scope, name, { ...props, hubName, environment: environments[name], logRetention, codeFolder })
  const functions = {
    api: make('api', { description: 'The API of the hub', timeout: Duration.seconds(29) }),
    reactor: make('reactor', {
      description: 'What follows from changes of tasks',
      timeout: Duration.seconds(60),
    }),
    // It waits for answers most of its time, each minute of the month.
    clock: make('clock', {
      description: 'Looks each minute at what is due',
      timeout: Duration.seconds(60),
      memorySize: 256,
    }),
    intake: make('intake', { description: 'Makes tasks of events', timeout: Duration.seconds(30) }),
    registrar: make('registrar', {
      description: 'Registers workers when they are deployed',
      timeout: registrarTimeout,
    }),
    ...(options.liveApi === undefined ? {} : { live: make('live', liveProps) }),
  }
  allowEach(scope, functions, options)
  return functions
}

/** Ten minutes for the check run, and some to say how it went. */
const registrarTimeout = Duration.minutes(12)

const liveProps = {
  description: 'Lets watchers in and shows them what they watch',
  // The first states of fifty tasks, and waits for a connection to stand.
  timeout: Duration.seconds(20),
  memorySize: 256,
}

function allowEach(scope: Construct, functions: HubFunctions, options: HubFunctionsOptions): void {
  const { api, reactor, clock, intake, registrar, live } = functions
  const { table, bucket, attentionQueue, events, hubName, liveApi } = options
  const { tableName } = table
  const may = permissionsOf(scope, { hubName, tableName, bucketName: bucket.bucketName })
  const attention = { actions: ['sqs:SendMessage'], on: [attentionQueue.queueArn] }
  for (const each of [api, reactor, clock, registrar]) each.allow(may.store)
  for (const each of [api, reactor, clock]) each.allow(may.join)
  api.allow(may.readFiles, may.missFiles, may.writeFiles, may.makeKeyedQueues, may.readLogs)
  intake.allow(may.makeTasks, attention)
  // What makes no task goes there with its reason. (The construct's own destination would allow more.)
  intake.handler.configureAsyncInvoke({ onFailure: { bind: () => ({ destination: attentionQueue.queueArn }) } })
  for (const each of [reactor, clock]) {
    each.allow(may.removeFiles, attention, ...may.launch)
    if (events !== undefined) each.allow({ actions: ['events:PutEvents'], on: [busOf(scope, events).arn] })
  }
  clock.allow(may.readDue)
  registrar.allow(...may.launch, may.lookAtInstances, may.removeRevisions)
  if (liveApi === undefined) return
  live?.allow(may.store, greetLater(scope, hubName))
  // The API closes what is open with a token that is taken back.
  for (const each of [api, reactor, clock, live]) each?.allow(liveApi.write)
}

/** What each function's own config wants, as text: one that is forgotten does not compile. */
interface Environments {
  readonly api: EnvText<(typeof ApiEnv)['_output']>
  readonly reactor: EnvText<(typeof ReactorEnv)['_output']>
  readonly clock: EnvText<(typeof ClockEnv)['_output']>
  readonly intake: EnvText<(typeof IntakeEnv)['_output']>
  readonly registrar: EnvText<(typeof RegistrarEnv)['_output']>
  readonly live: EnvText<(typeof LiveEnv)['_output']>
}

function environmentsOf(scope: Construct, options: HubFunctionsOptions): Environments {
  const { environment, attentionQueue, events, liveApi } = options
  const liveUrl = { TASKURAI_LIVE_URL: liveApi?.url ?? '' }
  const reactor = {
    ...environment,
    ...liveUrl,
    TASKURAI_ATTENTION_QUEUE_URL: attentionQueue.queueUrl,
    TASKURAI_EVENT_BUS: events === undefined ? '' : busOf(scope, events).name,
    TASKURAI_EVENTS: (events?.statuses ?? []).join(','),
  }
  const api = { ...environment, ...liveUrl, TASKURAI_ATTENTION_QUEUE_ARN: attentionQueue.queueArn }
  return {
    api,
    reactor,
    clock: reactor,
    intake: environment,
    registrar: environment,
    live: { ...environment, ...liveUrl },
  }
}

const accountBus = 'default'

function busOf(scope: Construct, { bus }: EventsOut): { readonly name: string; readonly arn: string } {
  // By its ARN, since it may be of another account.
  if (bus !== undefined) return { name: bus.eventBusArn, arn: bus.eventBusArn }
  const arn = Stack.of(scope).formatArn({ service: 'events', resource: 'event-bus', resourceName: accountBus })
  return { name: accountBus, arn }
}
