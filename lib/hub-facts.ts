import { type ArnComponents, ArnFormat, Stack } from 'aws-cdk-lib'
import type { RetentionDays } from 'aws-cdk-lib/aws-logs'
import type { Construct, IDependable } from 'constructs'
import type { EnvText, HubEnv } from '#core/contract/hub-env'
import { queueNameOf, workerLogGroupOf } from '#core/contract/hub-env'
import { namesOf } from './names.ts'

/** What workers, rules and grants need of a hub: the same of one in this app and of one that is known by its name. */
export interface HubFacts {
  readonly hubName: string
  readonly endpoint: string
  readonly apiId: string
  readonly tableName: string
  readonly bucketName: string
  readonly dueShards: string
  readonly directoryShards: string
  readonly attentionQueueArn: string
  readonly intakeArn: string
  readonly registrarArn: string
  readonly network: HubNetwork
  readonly logRetention: RetentionDays
  /** What must be there before an instance can start. */
  readonly ready: readonly IDependable[]
}

/** Where the instances of workers run. */
export interface HubNetwork {
  readonly subnetIds: readonly string[]
  readonly securityGroupIds: readonly string[]
  /** `true` or `false`, as text: of an imported hub it is known when it is deployed. */
  readonly assignPublicIp: string
}

/** The environment that every part of a hub shares. */
export function hubEnvironment(
  scope: Construct,
  facts: Pick<HubFacts, 'hubName' | 'tableName' | 'bucketName' | 'dueShards' | 'directoryShards'>,
) {
  const stack = Stack.of(scope)
  const queues = `https://sqs.${stack.region}.${stack.urlSuffix}/${stack.account}/`
  return {
    TASKURAI_HUB: facts.hubName,
    TASKURAI_TABLE: facts.tableName,
    TASKURAI_QUEUE_URL_PREFIX: queues + queueNameOf(facts.hubName, ''),
    TASKURAI_BUCKET: facts.bucketName,
    TASKURAI_DUE_SHARDS: facts.dueShards,
    TASKURAI_DIRECTORY_SHARDS: facts.directoryShards,
  } satisfies EnvText<HubEnv>
}

/** The ARNs of what a hub has, by its names. */
export function arnsOf(scope: Construct, hubName: string) {
  const names = namesOf(hubName)
  const arn = (components: ArnComponents) =>
    Stack.of(scope).formatArn({ arnFormat: ArnFormat.SLASH_RESOURCE_NAME, ...components })
  const named = (service: string, resource: string) => arn({ service, resource, arnFormat: ArnFormat.NO_RESOURCE_NAME })
  const role = (path: string) =>
    arn({ service: 'iam', region: '', resource: 'role', resourceName: `${path.slice(1)}*` })
  return {
    table: (name: string) => arn({ service: 'dynamodb', resource: 'table', resourceName: name }),
    bucket: (name: string) =>
      arn({ service: 's3', account: '', region: '', resource: name, arnFormat: ArnFormat.NO_RESOURCE_NAME }),
    cluster: arn({ service: 'ecs', resource: 'cluster', resourceName: names.cluster }),
    /** Every revision of every worker of the hub. */
    taskDefinitions: arn({ service: 'ecs', resource: 'task-definition', resourceName: `${names.family('*')}:*` }),
    /** Every instance of the hub's workers. */
    instances: arn({ service: 'ecs', resource: 'task', resourceName: `${names.cluster}/*` }),
    attentionQueue: named('sqs', names.attentionQueue),
    keyedQueues: named('sqs', names.keyedQueues),
    function: (name: 'intake' | 'registrar' | 'live') =>
      arn({
        service: 'lambda',
        resource: 'function',
        resourceName: names.function(name),
        arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      }),
    /** What the instances of any worker of the hub print. */
    workerLogs: arn({
      service: 'logs',
      resource: 'log-group',
      resourceName: `${workerLogGroupOf(hubName, '*')}:*`,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    }),
    /** Rules of the hub on any event bus. */
    rules: [
      arn({ service: 'events', resource: 'rule', resourceName: names.rule('*') }),
      arn({ service: 'events', resource: 'rule', resourceName: `*/${names.rule('*')}` }),
    ],
    alarms: arn({
      service: 'cloudwatch',
      resource: 'alarm',
      resourceName: names.alarm('*'),
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    }),
    roles: role(names.rolePath),
    hubRoles: role(names.hubRolePath),
    workerRoles: role(names.workerRolePath),
  }
}
