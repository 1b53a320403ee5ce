import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { attributesOfQueue } from '#adapters/sqs/keyed-queues'
import { settle } from '../support/cdk/settle.ts'
import { ofType, synthHub } from '../support/cdk/synth.ts'

interface Statement {
  readonly Effect: string
  readonly Action: string | readonly string[]
  readonly Resource: string | readonly string[]
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly Principal?: unknown
  readonly Sid?: string
}

const directory = fileURLToPath(new URL('../../examples/orders', import.meta.url))
const hub = synthHub({ events: { statuses: ['failed'] } }, (made) => {
  made.addWorker('mill', { image: { directory } })
})
const resources = settle(hub.resources)

const [liveApi] = Object.entries(resources).find(([, { Properties }]) => Properties?.ProtocolType === 'WEBSOCKET') ?? []

const listed = (value: string | readonly string[]) => (typeof value === 'string' ? [value] : value)

/** What a role may do, by its logical id without the hash. */
const statements = Object.entries(resources)
  .filter(([, { Type }]) => Type === 'AWS::IAM::Policy')
  .flatMap(([id, { Properties }]) =>
    (Properties.PolicyDocument.Statement as Statement[]).map((statement) => ({
      role: id.replace(/DefaultPolicy.*/, ''),
      ...statement,
    })),
  )

function allowed(action: string) {
  return statements.filter(({ Effect, Action }) => Effect === 'Allow' && listed(Action).includes(action))
}

describe('the roles of a hub', () => {
  test('have no wildcard in an action, and in a resource only these', () => {
    const inActions = statements.flatMap(({ Action }) => listed(Action)).filter((action) => action.includes('*'))
    expect(inActions).toEqual([])
    const inResources = new Set(
      statements.flatMap(({ Action, Resource }) =>
        listed(Resource)
          .filter((resource) => resource.includes('*') && !/^arn:aws:logs:.*:log-group:[^*]+:\*$/.test(resource))
          .flatMap((resource) => listed(Action).map((action) => `${action} ${resource}`)),
      ),
    )
    const ecs = 'arn:aws:ecs:eu-central-1:111122223333'
    const watchers = `arn:aws:execute-api:eu-central-1:111122223333:${liveApi}`
    expect([...inResources].sort()).toEqual([
      `ecr:GetAuthorizationToken *`,
      `ecs:DeregisterTaskDefinition *`,
      `ecs:DescribeTasks ${ecs}:task/taskurai-main/*`,
      `ecs:ListTaskDefinitions *`,
      `ecs:RunTask ${ecs}:task-definition/main-*:*`,
      `ecs:TagResource ${ecs}:task/taskurai-main/*`,
      ...['DELETE', 'POST'].map((method) => `execute-api:ManageConnections ${watchers}/live/${method}/@connections/*`),
      'iam:PassRole arn:aws:iam::111122223333:role/taskurai/main/workers/*',
      'logs:FilterLogEvents arn:aws:logs:eu-central-1:111122223333:log-group:/taskurai/main/worker/*:*',
      's3:DeleteObject arn:aws:s3:::taskurai-main-0a1b2c3d/payloads/*',
      's3:GetObject arn:aws:s3:::taskurai-main-0a1b2c3d/payloads/*',
      's3:PutObject arn:aws:s3:::taskurai-main-0a1b2c3d/aws/lambda/*',
      's3:PutObject arn:aws:s3:::taskurai-main-0a1b2c3d/payloads/*',
      'sqs:CreateQueue arn:aws:sqs:eu-central-1:111122223333:taskurai-main-*_*',
    ])
  })

  test('scan nothing, stop nothing, and hold nothing that AWS wrote for everybody', () => {
    const actions = statements.flatMap(({ Action }) => listed(Action))
    expect(actions.filter((action) => /Scan|StopTask|CreateTable|Delete(?:Queue|Table|Bucket)/.test(action))).toEqual(
      [],
    )
    for (const { Properties } of ofType({ resources }, 'AWS::IAM::Role')) {
      expect(Properties.ManagedPolicyArns).toBeUndefined()
    }
  })

  test('lie under the path of the hub, those of workers apart', () => {
    const paths = ofType({ resources }, 'AWS::IAM::Role').map(({ Properties }) => [
      Properties.AssumeRolePolicyDocument.Statement[0].Principal.Service,
      Properties.Path,
    ])
    expect(new Set(paths.map((each) => each.join(' ')))).toEqual(
      new Set(['lambda.amazonaws.com /taskurai/main/hub/', 'ecs-tasks.amazonaws.com /taskurai/main/workers/']),
    )
  })

  test('start instances in their own cluster only, and hand them roles of workers only', () => {
    const starters = ['HubReactorRole', 'HubClockRole', 'HubRegistrarRole']
    expect(allowed('ecs:RunTask').map(({ role }) => role)).toEqual(starters)
    for (const { Condition } of allowed('ecs:RunTask')) {
      expect(Condition).toEqual({
        ArnEquals: { 'ecs:cluster': 'arn:aws:ecs:eu-central-1:111122223333:cluster/taskurai-main' },
      })
    }
    expect(allowed('iam:PassRole').map(({ role, Condition }) => [role, Condition])).toEqual(
      starters.map((role) => [role, { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } }]),
    )
    expect(allowed('ecs:TagResource').map(({ Condition }) => Condition)).toEqual(
      starters.map(() => ({ StringEquals: { 'ecs:CreateAction': 'RunTask' } })),
    )
  })

  test('write to watchers where they are told of changes, let in or turned away, and nowhere else', () => {
    expect(allowed('execute-api:ManageConnections').map(({ role }) => role)).toEqual(
      ['Api', 'Reactor', 'Clock', 'Live'].map((name) => `Hub${name}Role`),
    )
    expect(allowed('lambda:InvokeFunction').map(({ role, Resource }) => [role, Resource])).toEqual([
      ['HubLiveRole', 'arn:aws:lambda:eu-central-1:111122223333:function:taskurai-main-live'],
    ])
  })

  test('make queues from the API alone, and only such as no deployed worker has', () => {
    expect(allowed('sqs:CreateQueue').map(({ role }) => role)).toEqual(['HubApiRole'])
    const names = ofType({ resources }, 'AWS::SQS::Queue').map(({ Properties }) => Properties.QueueName as string)
    expect(names.filter((name) => /^taskurai-main-.*_/.test(name))).toEqual([])
  })

  test('read the index from the clock alone, and its stream from the reactor alone', () => {
    const index = allowed('dynamodb:Query').filter(({ Resource }) =>
      listed(Resource).some((arn) => arn.includes('/index/')),
    )
    expect(index).toMatchObject([
      { role: 'HubClockRole', Resource: 'arn:aws:dynamodb:eu-central-1:111122223333:table/HubTable7D8E0482/index/due' },
    ])
    expect(allowed('dynamodb:GetRecords').map(({ role }) => role)).toEqual(['HubReactorRole'])
  })

  test('send events where there are any to be sent, and are not allowed to elsewhere', () => {
    expect(allowed('events:PutEvents').map(({ role, Resource }) => [role, Resource])).toEqual(
      ['HubReactorRole', 'HubClockRole'].map((role) => [
        role,
        'arn:aws:events:eu-central-1:111122223333:event-bus/default',
      ]),
    )
    expect(JSON.stringify(synthHub().template.toJSON())).not.toContain('events:PutEvents')
  })
})

describe('the roles of a worker', () => {
  const worker = statements.filter(({ role }) => role.startsWith('HubWorkermill'))

  test('let its code reach its own queue, the table and files, and nothing to start or ring with', () => {
    const task = worker.filter(({ role }) => role.includes('TaskRole'))
    expect(task.map(({ Action, Resource }) => [Action, Resource])).toEqual([
      [
        ['dynamodb:DeleteItem', 'dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query', 'dynamodb:UpdateItem'],
        'arn:aws:dynamodb:eu-central-1:111122223333:table/HubTable7D8E0482',
      ],
      [['s3:GetObject', 's3:PutObject'], 'arn:aws:s3:::taskurai-main-0a1b2c3d/payloads/*'],
      ['s3:ListBucket', 'arn:aws:s3:::taskurai-main-0a1b2c3d'],
      [
        ['sqs:ChangeMessageVisibility', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ReceiveMessage'],
        'arn:aws:sqs:eu-central-1:111122223333:taskurai-main-mill',
      ],
    ])
  })

  test('can be taken on by containers of this account only', () => {
    const roles = Object.entries(resources).filter(
      ([id, { Type }]) => Type === 'AWS::IAM::Role' && id.includes('TaskRole'),
    )
    expect(roles.map(([, { Properties }]) => Properties.AssumeRolePolicyDocument.Statement)).toMatchObject([
      [{ Condition: { StringEquals: { 'aws:SourceAccount': '111122223333' } } }],
    ])
  })
})

describe('the queue of a worker', () => {
  const policies = ofType({ resources }, 'AWS::SQS::QueuePolicy').map(
    ({ Properties }) => Properties.PolicyDocument.Statement as Statement[],
  )
  const own = policies.find((each) => JSON.stringify(each).includes('taskurai-main-mill')) ?? []
  const condition = (path: string) => ({
    ArnLike: { 'aws:PrincipalArn': `arn:aws:iam::111122223333:role/taskurai/main/${path}` },
  })

  test('is rung by every role of this hub and looked at by its functions, by nobody else', () => {
    const open = own.filter(({ Effect }) => Effect === 'Allow')
    expect(open.map(({ Action, Condition }) => [Action, Condition])).toEqual([
      ['sqs:SendMessage', condition('*')],
      ['sqs:GetQueueAttributes', condition('hub/*')],
    ])
  })

  test('that the hub makes for an isolation key lets in the same, and keeps bells as long', () => {
    const attentionQueueArn = 'arn:aws:sqs:eu-central-1:111122223333:taskurai-main_attention'
    const attributes = attributesOfQueue('taskurai-main-mill_ann', { name: 'main', attentionQueueArn })
    const statements = JSON.parse(attributes.Policy ?? '').Statement as Statement[]
    expect(statements).toEqual(JSON.parse(JSON.stringify(own).replaceAll('-main-mill', '-main-mill_ann')))
    const mill = ofType({ resources }, 'AWS::SQS::Queue').find(
      ({ Properties }) => Properties.QueueName === 'taskurai-main-mill',
    )?.Properties
    expect(JSON.parse(attributes.RedrivePolicy ?? '')).toEqual(mill?.RedrivePolicy)
    for (const [name, value] of Object.entries(attributes)) {
      if (!name.endsWith('Policy')) expect(`${name} ${mill?.[name]}`).toBe(`${name} ${value}`)
    }
  })

  test('every statement for somebody beside the roles says from where', () => {
    const others = policies
      .flat()
      .filter(({ Effect, Principal }) => Effect === 'Allow' && JSON.stringify(Principal).includes('Service'))
    expect(others.map(({ Sid }) => Sid)).toEqual(['EventsThatReachedNobody', 'BatchesThatFailed'])
    for (const { Condition } of others) expect(JSON.stringify(Condition)).toContain('aws:SourceArn')
  })

  test('hands what was received a thousand times to the attention queue, and keeps the rest as long as SQS can', () => {
    const queue = ofType({ resources }, 'AWS::SQS::Queue').find(
      ({ Properties }) => Properties.QueueName === 'taskurai-main-mill',
    )
    expect(queue?.Properties).toMatchObject({
      MessageRetentionPeriod: 1_209_600,
      RedrivePolicy: {
        deadLetterTargetArn: 'arn:aws:sqs:eu-central-1:111122223333:taskurai-main_attention',
        maxReceiveCount: 1_000,
      },
    })
  })
})
