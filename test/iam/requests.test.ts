import { expect, test } from 'vitest'
import { anImage, synthHub } from '../support/cdk/synth.ts'
import { accountOf } from '../support/iam/account.ts'
import { requestsOf } from '../support/iam/requests.ts'
import type { AwsCall } from '../support/platform/aws-proxy.ts'

/** Which permissions a call needs: IAM has other names than the operations, and sometimes asks for several. */

const template = synthHub({ hubName: 'demo' }, (hub) => void hub.addWorker('mill', { image: anImage }))
const account = accountOf(template, 'demo', {
  table: 'table-1',
  bucket: 'files-1',
  queueUrlPrefix: 'http://sqs.us-east-1.localhost:4566/000000000000/taskurai-t1-',
  attentionUrl: 'http://sqs.us-east-1.localhost:4566/000000000000/taskurai-t1-attention',
})

const own = 'arn:aws:dynamodb:eu-central-1:111122223333:table/HubTable7D8E0482'
const bucket = 'arn:aws:s3:::taskurai-demo-0a1b2c3d'
const queue = 'arn:aws:sqs:eu-central-1:111122223333:taskurai-demo-mill'
const queueUrl = 'http://127.0.0.1:40000/000000000000/taskurai-t1-mill'
const ecs = 'arn:aws:ecs:eu-central-1:111122223333'
const revision = 'arn:aws:ecs:us-east-1:111122223333:task-definition/demo-mill:7'

type Asked = Pick<AwsCall, 'service' | 'action'> & Partial<AwsCall>

function asked(call: Asked): readonly string[] {
  const made: AwsCall = { role: 'api', path: '/', input: {}, status: 200, output: {}, requestBytes: 0, ...call }
  return requestsOf(made, account).map(({ action, resource }) => `${action} ${resource}`)
}

test.each<[string, Asked, readonly string[]]>([
  [
    'a write of an item',
    { service: 'dynamodb', action: 'PutItem', input: { TableName: 'table-1' } },
    [`dynamodb:PutItem ${own}`],
  ],
  [
    'a query of the index',
    { service: 'dynamodb', action: 'Query', input: { TableName: 'table-1', IndexName: 'due' } },
    [`dynamodb:Query ${own}/index/due`],
  ],
  [
    'a batch of messages',
    { service: 'sqs', action: 'SendMessageBatch', input: { QueueUrl: queueUrl } },
    [`sqs:SendMessage ${queue}`],
  ],
  [
    'a batch of holds',
    { service: 'sqs', action: 'ChangeMessageVisibilityBatch', input: { QueueUrl: queueUrl } },
    [`sqs:ChangeMessageVisibility ${queue}`],
  ],
  [
    'a note',
    { service: 'sqs', action: 'SendMessage', input: { QueueUrl: queueUrl.replace('mill', 'attention') } },
    ['sqs:SendMessage arn:aws:sqs:eu-central-1:111122223333:taskurai-demo_attention'],
  ],
  [
    'a look at a file',
    { service: 's3', action: 'HEAD', path: '/files-1/payloads/a%20b' },
    [`s3:GetObject ${bucket}/payloads/a b`],
  ],
  [
    'a file that is not there',
    { service: 's3', action: 'GET', path: '/files-1/payloads/a?x-id=GetObject', status: 404 },
    [`s3:GetObject ${bucket}/payloads/a`, `s3:ListBucket ${bucket}`],
  ],
  ['a look at the bucket', { service: 's3', action: 'HEAD', path: '/files-1/' }, [`s3:ListBucket ${bucket}`]],
  [
    'an event out, on two buses',
    {
      ...{ service: 'events', action: 'PutEvents' },
      input: { Entries: [{ EventBusName: 'default' }, { EventBusName: 'default' }, { EventBusName: 'shop' }] },
    },
    ['default', 'shop'].map((bus) => `events:PutEvents arn:aws:events:eu-central-1:111122223333:event-bus/${bus}`),
  ],
  [
    'a search of a log',
    { service: 'logs', action: 'FilterLogEvents', input: { logGroupName: '/taskurai/demo/worker/mill' } },
    ['logs:FilterLogEvents arn:aws:logs:eu-central-1:111122223333:log-group:/taskurai/demo/worker/mill:*'],
  ],
  [
    'a launch',
    {
      ...{ service: 'ecs', action: 'RunTask', input: { cluster: 'taskurai-demo', taskDefinition: revision } },
      output: { tasks: [{ taskArn: 'arn:aws:ecs:eu-west-1:1:task/taskurai-demo/i1' }] },
    },
    [
      `ecs:RunTask ${ecs}:task-definition/demo-mill:7`,
      `ecs:TagResource ${ecs}:task/taskurai-demo/i1`,
      ...account.rolesOfFamily('demo-mill').map((role) => `iam:PassRole ${role}`),
    ],
  ],
  [
    'a launch that was refused',
    { service: 'ecs', action: 'RunTask', input: { cluster: 'taskurai-demo', taskDefinition: revision }, status: 400 },
    expect.arrayContaining([expect.stringContaining(`ecs:TagResource ${ecs}:task/taskurai-demo/`)]),
  ],
])('%s', (_, call, wanted) => expect(asked(call)).toEqual(wanted))

test('a launch tells its cluster, for what it is tagged, and to whom roles are handed', () => {
  const input = { cluster: 'taskurai-demo', taskDefinition: revision }
  const call: AwsCall = {
    ...{ service: 'ecs', action: 'RunTask', role: 'clock', path: '/', input },
    ...{ status: 200, output: {}, requestBytes: 0 },
  }
  const [run, tag, pass] = requestsOf(call, account).map(({ context }) => context)
  expect(run).toMatchObject({ 'ecs:cluster': `${ecs}:cluster/taskurai-demo` })
  expect(tag).toMatchObject({ 'ecs:createaction': 'RunTask' })
  expect(pass).toMatchObject({ 'iam:passedtoservice': 'ecs-tasks.amazonaws.com' })
})

test.each<[string, Asked, RegExp]>([
  ['an operation that nobody thought of', { service: 'dynamodb', action: 'Scan', input: {} }, /dynamodb Scan/],
  [
    'the table of somebody else',
    { service: 'dynamodb', action: 'GetItem', input: { TableName: 'other' } },
    /other is not of this hub/,
  ],
  [
    'the queue of somebody else',
    { service: 'sqs', action: 'SendMessage', input: { QueueUrl: queueUrl.replace('t1', 't2') } },
    /t2-mill is not of this hub/,
  ],
  ['a list of the bucket', { service: 's3', action: 'GET', path: '/files-1?list-type=2' }, /s3 GET/],
  ['a call of nobody', { service: 's3', action: 'GET', path: '/files-1/a', role: 'nobody' }, /nobody called s3 GET/],
])('%s is an error', (_, call, message) => expect(() => asked(call)).toThrow(message))
