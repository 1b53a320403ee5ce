import { describe, expect, test } from 'vitest'
import type { Account } from '../support/iam/account.ts'
import { refused, unused } from '../support/iam/both-ways.ts'
import { type Conditions, doHold } from '../support/iam/conditions.ts'
import { decide, type IamRequest, type Statement } from '../support/iam/evaluate.ts'
import { isActionLike, isArnLike } from '../support/iam/patterns.ts'
import { policiesOf } from '../support/iam/policies.ts'

/** The measure that the other tests here use: as IAM judges, and never more lenient. */

const table = 'arn:aws:dynamodb:eu-central-1:111122223333:table/hub'
const queue = 'arn:aws:sqs:eu-central-1:111122223333:taskurai-main-mill'
const role = 'arn:aws:iam::111122223333:role/taskurai/main/hub/Api'
const other = 'arn:aws:iam::111122223333:role/other/Api'

describe('an action', () => {
  test.each([
    ['dynamodb:GetItem', 'dynamodb:GetItem', true],
    ['DynamoDB:getitem', 'dynamodb:GetItem', true],
    ['dynamodb:Get*', 'dynamodb:GetItem', true],
    ['dynamodb:?etItem', 'dynamodb:GetItem', true],
    ['*', 'dynamodb:GetItem', true],
    ['dynamodb:GetItem', 'dynamodb:BatchGetItem', false],
    ['dynamodb:GetItem', 'dynamodb:GetItems', false],
    ['dynamodb:?GetItem', 'dynamodb:GetItem', false],
    ['dynamodb.GetItem', 'dynamodb:GetItem', false],
  ])('%s speaks of %s: %s', (pattern, action, is) => expect(isActionLike(pattern, action)).toBe(is))
})

describe('a resource', () => {
  test.each([
    [table, table, true],
    ['*', table, true],
    [`${table}/index/*`, `${table}/index/due`, true],
    [
      'arn:aws:ecs:eu-central-1:1:task-definition/main-*:*',
      'arn:aws:ecs:eu-central-1:1:task-definition/main-a:7',
      true,
    ],
    ['arn:aws:s3:::files/payloads/*', 'arn:aws:s3:::files/payloads/a/b', true],
    ['arn:aws:sqs:*:*:mill', 'arn:aws:sqs:eu-central-1:1:mill', true],
    [table, `${table}/index/due`, false],
    [`${table}/index/*`, table, false],
    [`${table}?`, table, false],
    ['arn:aws:s3:::files', 'arn:aws:s3:::files/payloads/a', false],
    ['arn:aws:s3:::files/payloads/*', 'arn:aws:s3:::files/other/payloads/a', false],
    ['arn:aws:s3:::file.', 'arn:aws:s3:::files', false],
    ['arn:aws:ecs:eu-central-1:1:task-definition/main-*:*', 'arn:aws:ecs:eu-central-1:1:task-definition/main-a', false],
    // A star stays within its part.
    ['arn:aws:sqs:*:mill', 'arn:aws:sqs:eu-central-1:1:mill', false],
  ])('%s covers %s: %s', (pattern, arn, is) => expect(isArnLike(pattern, arn)).toBe(is))
})

describe('a condition', () => {
  const context = {
    'aws:principalarn': role,
    'aws:securetransport': 'true',
    's3:tlsversion': '1.3',
    'aws:sourcearn': undefined,
  }
  const held: readonly (readonly [string, Conditions])[] = [
    ['nothing', {}],
    ['a pattern of ARNs', { ArnLike: { 'aws:PrincipalArn': 'arn:aws:iam::111122223333:role/taskurai/main/*' } }],
    ['the same by its other name', { ArnEquals: { 'aws:PrincipalArn': 'arn:aws:iam::*:role/taskurai/main/hub/???' } }],
    ['one of several values', { StringEquals: { 'aws:PrincipalArn': [other, role] } }],
    ['a key in other letters', { Bool: { 'AWS:SECURETRANSPORT': 'TRUE' } }],
    ['a number', { NumericLessThan: { 's3:TlsVersion': '1.4' } }],
    ['what is not there', { Null: { 'aws:SourceArn': 'true' } }],
    ['what is there', { Null: { 'aws:PrincipalArn': 'false' } }],
    ['"not" of what is not there', { StringNotEquals: { 'aws:SourceArn': 'x' } }],
    ['"not" of several', { ArnNotLike: { 'aws:PrincipalArn': [other, table] } }],
  ]
  test.each(held)('holds: %s', (_, conditions) => expect(doHold(conditions, context)).toBe(true))

  const failed: readonly (readonly [string, Conditions])[] = [
    ['a pattern where equality is wanted', { StringEquals: { 'aws:PrincipalArn': 'arn:aws:iam::*' } }],
    ['other letters of a value', { StringLike: { 'aws:PrincipalArn': role.toUpperCase() } }],
    ['what is not there', { StringLike: { 'aws:SourceArn': '*' } }],
    ['one of two keys', { StringEquals: { 'aws:PrincipalArn': role, 'aws:SourceArn': role } }],
    ['one of two operators', { StringEquals: { 'aws:PrincipalArn': role }, Bool: { 'aws:SecureTransport': 'false' } }],
    ['a number that is not less', { NumericLessThan: { 's3:TlsVersion': '1.2' } }],
    ['what should be absent', { Null: { 'aws:PrincipalArn': 'true' } }],
    ['"not" of several, one of which it is', { StringNotLike: { 'aws:PrincipalArn': ['x', 'arn:*'] } }],
  ]
  test.each(failed)('fails: %s', (_, conditions) => expect(doHold(conditions, context)).toBe(false))

  test('that is not known is an error, and no guess', () => {
    expect(() => doHold({ IpAddress: { 'aws:PrincipalArn': '10.0.0.0/8' } }, context)).toThrow(/operator IpAddress/)
    expect(() => doHold({ StringEquals: { 'dynamodb:LeadingKeys': 'T#1' } }, context)).toThrow(/LeadingKeys/)
  })
})

const statement = (parts: Partial<Statement>): Statement => ({
  ...{ effect: 'Allow', actions: ['sqs:SendMessage'], resources: [queue], conditions: {} },
  ...parts,
})
const ask = (parts: Partial<IamRequest> = {}): IamRequest => ({
  ...{ principal: role, action: 'sqs:SendMessage', resource: queue },
  context: { 'aws:principalarn': parts.principal ?? role, 'aws:securetransport': 'true' },
  ...parts,
})

describe('a request', () => {
  const tls = statement({
    ...{ effect: 'Deny', actions: ['sqs:*'], principals: ['*'] },
    conditions: { Bool: { 'aws:SecureTransport': 'false' } },
  })
  const path = statement({
    principals: ['*'],
    conditions: { ArnLike: { 'aws:PrincipalArn': 'arn:aws:iam::111122223333:role/taskurai/main/*' } },
  })
  const plain = { ...ask().context, 'aws:securetransport': 'false' }
  const cases: readonly (readonly [string, readonly Statement[], readonly Statement[], IamRequest, string])[] = [
    ['that its role allows', [statement({})], [], ask(), 'allowed'],
    ['that the queue allows its role', [], [statement({ principals: [role] })], ask(), 'allowed'],
    ['that the queue allows the path of its role', [], [path], ask(), 'allowed'],
    ['of which nobody speaks', [], [], ask(), 'not allowed'],
    ['of another action', [statement({})], [path], ask({ action: 'sqs:ReceiveMessage' }), 'not allowed'],
    ['of another queue', [statement({})], [path], ask({ resource: `${queue}s` }), 'not allowed'],
    ['of a role of another path', [], [path], ask({ principal: other }), 'not allowed'],
    ['that the queue allows another role', [], [statement({ principals: [other] })], ask(), 'not allowed'],
    ['that the queue allows a service', [], [statement({ principals: [] })], ask(), 'not allowed'],
    ['that one denies and another allows', [statement({}), statement({ effect: 'Deny' })], [], ask(), 'denied'],
    ['that the queue denies', [statement({})], [tls], ask({ context: plain }), 'denied'],
    ['whose denial has another condition', [statement({})], [tls], ask(), 'allowed'],
  ]
  test.each(cases)('%s', (_, own, ofResources, request, kind) => {
    const ofRoles = new Map([
      [role, own],
      [other, []],
    ])
    expect(decide({ ofRoles, ofResources }, request).kind).toBe(kind)
  })

  test('of nobody is an error', () => {
    expect(() => decide({ ofRoles: new Map(), ofResources: [] }, ask())).toThrow(/no role of this account/)
  })
})

describe('the two comparisons', () => {
  const made = (own: readonly Statement[], ofResources: readonly Statement[] = []): Account => ({
    hub: 'main',
    policies: { ofRoles: new Map([[role, own]]), ofResources },
    roles: new Map([['api', { kind: 'api', arn: role }]]),
    arnOf: {} as never,
    rolesOfFamily: () => [],
  })
  const both = statement({ actions: ['sqs:SendMessage', 'sqs:ReceiveMessage'] })

  test('tell each call that is not allowed, once', () => {
    const asked = [ask(), ask({ action: 'sqs:DeleteMessage' }), ask({ action: 'sqs:DeleteMessage' })]
    expect(refused(made([both]), asked)).toEqual([`api: sqs:DeleteMessage on ${queue}: not allowed`])
  })

  test('tell each action and resource that nobody asked for', () => {
    expect(unused(made([both]), [ask()])).toEqual([{ to: 'api', action: 'sqs:ReceiveMessage', on: queue }])
    const wide = statement({ resources: [queue, `${queue}2`] })
    expect(unused(made([wide]), [ask()])).toEqual([{ to: 'api', action: 'sqs:SendMessage', on: `${queue}2` }])
    expect(unused(made([], [statement({ principals: ['*'] })]), [])).toEqual([
      { to: 'api', action: 'sqs:SendMessage', on: queue },
    ])
    expect(unused(made([statement({ effect: 'Deny' })]), [])).toEqual([])
    expect(unused(made([], [statement({ principals: [other] })]), [])).toEqual([])
  })

  test('take an action with a wildcard for one too many', () => {
    expect(unused(made([statement({ actions: ['sqs:Send*'] })]), [ask()])).toMatchObject([{ action: 'sqs:Send*' }])
  })

  test('take one whose condition never held for one too many', () => {
    const elsewhere = statement({ conditions: { Bool: { 'aws:SecureTransport': 'false' } } })
    expect(unused(made([elsewhere]), [ask()])).toHaveLength(1)
  })
})

describe('a template', () => {
  // biome-ignore lint/suspicious/noExplicitAny: parts of a template.
  const policy = (Statement: any) => ({
    Api: { Type: 'AWS::IAM::Role', Properties: { Path: '/taskurai/main/hub/' } },
    ApiPolicy: { Type: 'AWS::IAM::Policy', Properties: { Roles: ['Api'], PolicyDocument: { Statement } } },
  })
  const one = { Effect: 'Allow', Action: 'sqs:SendMessage', Resource: queue }

  test('is read with its lists of one', () => {
    expect(policiesOf(policy(one)).ofRoles.get(role)).toEqual([statement({})])
  })

  test.each<[string, Record<string, unknown>, RegExp]>([
    ['a list of what is not meant', policy({ ...one, NotAction: 'sqs:*' }), /NotAction/],
    ['what is not settled', policy({ ...one, Resource: { Ref: 'Queue' } }), /\{"Ref":"Queue"\}.*not settled/],
    [
      "a policy of AWS's own",
      { Api: { Type: 'AWS::IAM::Role', Properties: { ManagedPolicyArns: ['arn:aws:iam::aws:policy/Admin'] } } },
      /AWS wrote: .*Admin/,
    ],
    ['another kind of policy', { Keys: { Type: 'AWS::IAM::ManagedPolicy', Properties: {} } }, /Keys: .*ManagedPolicy/],
  ])('with %s is refused', (_, resources, message) => {
    expect(() => policiesOf(resources as never)).toThrow(message)
  })
})
