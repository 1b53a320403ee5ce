import { namesOf } from '#lib/names'
import { account, region } from '../cdk/settle.ts'
import type { AwsCall } from '../platform/aws-proxy.ts'
import type { Account } from './account.ts'
import type { Context } from './conditions.ts'
import type { IamRequest } from './evaluate.ts'

/**
 * What IAM is asked when AWS is called: operations and actions have different names, and one call may need several of
 * them. After the service authorization reference of each service.
 */

type Asked = Omit<IamRequest, 'principal' | 'context'> & { readonly context?: Context }

export function requestsOf(call: AwsCall, of: Account): readonly IamRequest[] {
  const role = of.roles.get(call.role)
  if (role === undefined)
    throw new Error(`${call.role} called ${call.service} ${call.action}, and is no role of the hub`)
  return askedBy[call.service](call, of).map(({ action, resource, context = {} }) => {
    return { principal: role.arn, action, resource, context: { ...contextOf(role.arn), ...context } }
  })
}

/** What every request of a role tells. */
export function contextOf(role: string): Context {
  return {
    'aws:principalarn': role,
    'aws:securetransport': 'true',
    // Nobody calls on behalf of another service.
    'aws:sourcearn': undefined,
    'aws:sourceaccount': undefined,
  }
}

const askedBy: Readonly<Record<AwsCall['service'], (call: AwsCall, of: Account) => readonly Asked[]>> = {
  dynamodb: ofDynamo,
  sqs: ofSqs,
  s3: ofS3,
  ecs: ofEcs,
  events: ofEvents,
  logs: ofLogs,
  lambda: ofLambda,
  connections: ofConnections,
}

const dynamoActions = new Set(['GetItem', 'PutItem', 'DeleteItem', 'UpdateItem', 'Query'])

function ofDynamo(call: AwsCall, { arnOf }: Account): readonly Asked[] {
  if (!dynamoActions.has(call.action)) throw notKnown(call)
  const { TableName: name, IndexName: index } = call.input
  const table = arnOf.table(String(name))
  return [{ action: `dynamodb:${call.action}`, resource: index === undefined ? table : `${table}/index/${index}` }]
}

/** The batch forms have no permission of their own. */
const sqsActions: Readonly<Record<string, string>> = {
  SendMessage: 'SendMessage',
  SendMessageBatch: 'SendMessage',
  ReceiveMessage: 'ReceiveMessage',
  DeleteMessage: 'DeleteMessage',
  DeleteMessageBatch: 'DeleteMessage',
  ChangeMessageVisibility: 'ChangeMessageVisibility',
  ChangeMessageVisibilityBatch: 'ChangeMessageVisibility',
  GetQueueAttributes: 'GetQueueAttributes',
}

function ofSqs(call: AwsCall, { arnOf }: Account): readonly Asked[] {
  if (call.action === 'CreateQueue') {
    return [{ action: 'sqs:CreateQueue', resource: arnOf.queueNamed(String(call.input.QueueName)) }]
  }
  const action = sqsActions[call.action]
  if (action === undefined) throw notKnown(call)
  return [{ action: `sqs:${action}`, resource: arnOf.queue(String(call.input.QueueUrl)) }]
}

const s3Actions: Readonly<Record<string, string>> = {
  GET: 'GetObject',
  HEAD: 'GetObject',
  PUT: 'PutObject',
  DELETE: 'DeleteObject',
}

function ofS3(call: AwsCall, { arnOf }: Account): readonly Asked[] {
  const [, name = '', ...key] = call.path.split('?', 1)[0]?.split('/').map(decodeURIComponent) ?? []
  const bucket = arnOf.bucket(name)
  const context = { 's3:tlsversion': '1.3' }
  const list = { action: 's3:ListBucket', resource: bucket, context }
  if (key.join('/') === '') {
    if (call.action !== 'HEAD') throw notKnown(call)
    return [list]
  }
  const action = s3Actions[call.action]
  if (action === undefined) throw notKnown(call)
  const object = { action: `s3:${action}`, resource: `${bucket}/${key.join('/')}`, context }
  // Who may not list is told "forbidden" of what is not there.
  return action === 'GetObject' && call.status === 404 ? [object, list] : [object]
}

const anInstance = '0123456789abcdef0123456789abcdef'

function ofEcs(call: AwsCall, of: Account): readonly Asked[] {
  switch (call.action) {
    case 'RunTask':
      return ofRunTask(call, of)
    case 'DescribeTasks': {
      const context = { 'ecs:cluster': of.arnOf.cluster(String(call.input.cluster)) }
      return arnsOf(call.input.tasks).map((resource) => ({ action: 'ecs:DescribeTasks', resource, context }))
    }
    case 'ListTaskDefinitions':
    case 'DeregisterTaskDefinition':
      return [{ action: `ecs:${call.action}`, resource: '*' }]
    default:
      throw notKnown(call)
  }
}

/** Tags on what is made, also those that come from elsewhere, and both roles of the revision. */
function ofRunTask({ input, output }: AwsCall, of: Account): readonly Asked[] {
  const [revision = ''] = arnsOf([input.taskDefinition])
  const cluster = String(input.cluster)
  const started = (output.tasks ?? []) as readonly { readonly taskArn: string }[]
  const instances = started.length > 0 ? started.map(({ taskArn }) => taskArn) : [`:::::task/${cluster}/${anInstance}`]
  const family = /task-definition\/([^:]+):/.exec(revision)?.[1] ?? ''
  return [
    { action: 'ecs:RunTask', resource: revision, context: { 'ecs:cluster': of.arnOf.cluster(cluster) } },
    ...arnsOf(instances).map((resource) => ({
      ...{ action: 'ecs:TagResource', resource },
      context: { 'ecs:createaction': 'RunTask' },
    })),
    ...of.rolesOfFamily(family).map((resource) => ({
      ...{ action: 'iam:PassRole', resource },
      context: { 'iam:passedtoservice': 'ecs-tasks.amazonaws.com' },
    })),
  ]
}

/** The emulator has a Region of its own. */
function arnsOf(arns: unknown): readonly string[] {
  return (arns as readonly string[]).map(
    (arn) => `arn:aws:ecs:${region}:${account}:${arn.split(':').slice(5).join(':')}`,
  )
}

function ofEvents(call: AwsCall, { arnOf }: Account): readonly Asked[] {
  if (call.action !== 'PutEvents') throw notKnown(call)
  const entries = call.input.Entries as readonly { readonly EventBusName: string }[]
  const buses = new Set(entries.map(({ EventBusName: name }) => name))
  return [...buses].map((name) => ({ action: 'events:PutEvents', resource: arnOf.bus(name) }))
}

/** IAM judges groups with what may lie in them. */
function ofLogs(call: AwsCall): readonly Asked[] {
  if (call.action !== 'FilterLogEvents') throw notKnown(call)
  const resource = `arn:aws:logs:${region}:${account}:log-group:${call.input.logGroupName}:*`
  return [{ action: 'logs:FilterLogEvents', resource }]
}

function ofLambda(call: AwsCall, of: Account): readonly Asked[] {
  const name = /\/functions\/([^/]+)\/invocations$/.exec(call.path)?.[1]
  const role = of.roles.get(name ?? '')
  if (call.action !== 'Invoke' || role === undefined) throw notKnown(call)
  const resource = `arn:aws:lambda:${region}:${account}:function:${namesOf(of.hub).function(role.kind as never)}`
  return [{ action: 'lambda:InvokeFunction', resource }]
}

/** One permission for all that can be done with a connection; which of it, the ARN tells. */
function ofConnections(call: AwsCall, { arnOf }: Account): readonly Asked[] {
  const [, stage = '', place, id = ''] = call.path.split('/').map(decodeURIComponent)
  if (place !== '@connections' || id === '') throw notKnown(call)
  return [{ action: 'execute-api:ManageConnections', resource: arnOf.connection(stage, call.action, id) }]
}

function notKnown({ service, action }: AwsCall): Error {
  return new Error(`these tests do not know which permission ${service} ${action} needs`)
}
