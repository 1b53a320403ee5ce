import { Stack } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { AccountPrincipal, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { describe, expect, test } from 'vitest'
import { isAllowed } from '#core/permission'
import { type Hub, TaskHub } from '#lib/index'
import { settle } from '../support/cdk/settle.ts'
import { newApp, type Resource, synthHub } from '../support/cdk/synth.ts'

const id = '01ARZ3NDEKTSV4RRFFQ69G5FAV'

/** Whether a caller with this grant may do that, as IAM judges: by API, stage, method and path. */
function callerWith(grant: (hub: Hub, role: Role) => unknown): (request: string) => boolean {
  const { resources } = synthHub({}, (hub, stack) => void grant(hub, callerIn(stack)))
  return judge(settle(resources))
}

function callerIn(stack: Stack): Role {
  return new Role(stack, 'Caller', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') })
}

function judge(resources: Readonly<Record<string, Resource>>): (request: string) => boolean {
  const [policy] = Object.entries(resources).filter(([key]) => key.startsWith('CallerDefaultPolicy'))
  const statements = policy?.[1].Properties.PolicyDocument.Statement
  expect(statements).toHaveLength(1)
  const [{ Action, Resource: arns, ...rest }] = statements
  expect([Action, rest]).toEqual(['execute-api:Invoke', { Effect: 'Allow' }])
  const patterns = [arns].flat().map((arn: string) => {
    const [, method = '', path = ''] =
      /^arn:aws:execute-api:eu-central-1:111122223333:[^/]+\/\$default\/([A-Z]+)(\/.*)$/.exec(arn) ?? []
    expect(path).not.toBe('')
    return new RegExp(`^${method} ${path.replaceAll('.', '\\.').replaceAll('?', '.').replaceAll('*', '.*')}$`)
  })
  return (request) => patterns.some((pattern) => pattern.test(request))
}

describe('who may submit one command', () => {
  const may = callerWith((hub, role) => hub.grantSubmit(role, { commands: ['order.confirm'] }))

  test.each([
    'POST /v1/commands/order.confirm/tasks',
    'POST /v1/commands/order.confirm/tasks/batch',
    'POST /v1/payloads',
  ])('may %s', (request) => expect(may(request)).toBe(true))

  test.each([
    'POST /v1/commands/order.mail/tasks',
    'POST /v1/commands/order.confirm2/tasks',
    'POST /v1/tasks',
    'POST /v1/tasks/batch',
    `GET /v1/tasks/${id}`,
    'GET /v1/tasks',
    `POST /v1/tasks/${id}/cancel`,
    'PUT /v1/workers/mill',
  ])('may not %s', (request) => expect(may(request)).toBe(false))
})

describe('who may submit anything', () => {
  const may = callerWith((hub, role) => hub.grantSubmit(role, { commands: 'all' }))

  test.each(['POST /v1/commands/order.mail/tasks', 'POST /v1/tasks', 'POST /v1/tasks/batch', 'POST /v1/payloads'])(
    'may %s',
    (request) => expect(may(request)).toBe(true),
  )
  test.each([`GET /v1/tasks/${id}`, `POST /v1/tasks/${id}/retry`, 'POST /v1/workers/mill/pause'])(
    'may not %s',
    (request) => expect(may(request)).toBe(false),
  )
})

describe('a reader', () => {
  const may = callerWith((hub, role) => hub.grantRead(role))

  test.each([
    'GET /v1/tasks',
    `GET /v1/tasks/${id}`,
    `GET /v1/tasks/${id}/files/chart.svg`,
    'GET /v1/workers',
    'GET /v1/workers/mill',
    'GET /v1/commands',
    'GET /v1/openapi.json',
  ])('may %s', (request) => expect(may(request)).toBe(true))

  test.each([
    `GET /v1/tasks/${id}/sensitive`,
    'POST /v1/tasks',
    `PATCH /v1/tasks/${id}`,
    `DELETE /v1/tasks/${id}`,
    `POST /v1/tasks/${id}/cancel`,
    'POST /v1/workers/mill/resume',
    'POST /v1/worker-protocol/receive',
  ])('may not %s', (request) => expect(may(request)).toBe(false))
})

describe('an operator', () => {
  const may = callerWith((hub, role) => hub.grantOperate(role))

  test.each([
    `GET /v1/tasks/${id}`,
    'POST /v1/tasks',
    'POST /v1/commands/order.confirm/tasks',
    `PATCH /v1/tasks/${id}`,
    `DELETE /v1/tasks/${id}`,
    `POST /v1/tasks/${id}/cancel`,
    `POST /v1/tasks/${id}/retry`,
    'POST /v1/workers/mill/pause',
    'POST /v1/workers/mill/resume',
  ])('may %s', (request) => expect(may(request)).toBe(true))

  test.each([`GET /v1/tasks/${id}/sensitive`, 'PUT /v1/workers/mill', 'POST /v1/worker-protocol/claim'])(
    'may not %s',
    (request) => expect(may(request)).toBe(false),
  )
})

describe('a grant that cannot be', () => {
  test.each<[string, (hub: Hub, role: Role) => unknown, RegExp]>([
    ['of no command', (hub, role) => hub.grantSubmit(role, { commands: [] }), /name at least one command/],
    [
      'of a star',
      (hub, role) => hub.grantSubmit(role, { commands: ['order.*'] }),
      /order\.\* is no command: a command name has/,
    ],
    ['to another account', (hub) => hub.grantRead(new AccountPrincipal('444455556666')), /./],
  ])('%s', (_, grant, message) => {
    expect(() => callerWith(grant)).toThrow(message)
  })
})

test('a hub that another stack made is granted by its name', () => {
  const stack = new Stack(newApp(), 'Shop')
  TaskHub.fromHubName(stack, 'Hub', 'main').grantSubmit(callerIn(stack), { commands: ['order.confirm'] })
  const template = Template.fromStack(stack).toJSON()
  const [endpoint = ''] = Object.keys(template.Parameters).filter((key) => key.includes('endpoint'))
  const parameters = { [endpoint]: 'https://abc123.execute-api.eu-central-1.amazonaws.com' }
  const resources = settle(template.Resources, parameters)
  expect(judge(resources)('POST /v1/commands/order.confirm/tasks')).toBe(true)
  expect(JSON.stringify(resources)).toContain(':abc123/$default/POST/v1/commands/order.confirm/tasks')
})

test('keys of the embedded hub and policies of this one mean the same by a star', () => {
  expect(isAllowed(['POST /v1/commands/*/tasks'], 'POST', '/v1/commands/order.mail/tasks')).toBe(true)
})
