import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { describe, expect, test } from 'vitest'
import type { TaskLogs } from '#core/ports'
import type { Uploads } from '#core/uploads'
import { answerEvent } from '#functions/api/http-event'
import { createApiWorld, createOrdersWorld, order } from '../functions/api/api-world.ts'
import { account, region, settle } from '../support/cdk/settle.ts'
import { ofType, synthHub } from '../support/cdk/synth.ts'
import { decide } from '../support/iam/evaluate.ts'
import { policiesOf } from '../support/iam/policies.ts'
import { contextOf } from '../support/iam/requests.ts'

/** The ready policies of callers, held against the routes of the API: these and no others. */

const callers = ['shop', 'gateway', 'reader', 'watcher', 'operator'] as const
type Caller = (typeof callers)[number]

const { resources: raw } = synthHub({}, (hub, stack) => {
  const roleOf = (id: Caller) => new Role(stack, id, { assumedBy: new ServicePrincipal('lambda.amazonaws.com') })
  hub.grantSubmit(roleOf('shop'), { commands: ['order.confirm', 'order.mail'] })
  hub.grantSubmit(roleOf('gateway'), { commands: 'all' })
  hub.grantRead(roleOf('reader'))
  hub.grantWatch(roleOf('watcher'))
  hub.grantOperate(roleOf('operator'))
})
const resources = settle(raw)
const policies = policiesOf(resources)
const roles = [...policies.ofRoles.keys()]
const [api] = Object.entries(resources).find(([, { Properties }]) => Properties?.ProtocolType === 'HTTP') ?? []

/** By API, stage, method and path: that is all that IAM sees. */
function may(caller: Caller, request: string): boolean {
  const [method, path] = request.split(' ')
  const principal = roles.find((arn) => arn.includes(`:role/${caller}`)) ?? ''
  const resource = `arn:aws:execute-api:${region}:${account}:${api}/$default/${method}${path}`
  return (
    decide(policies, { principal, action: 'execute-api:Invoke', resource, context: contextOf(principal) }).kind ===
    'allowed'
  )
}

const id = '01ARZ3NDEKTSV4RRFFQ69G5FAV'

/** Who may what, as people were promised it. Instances that no container of this account runs are given theirs by hand. */
const promised: Readonly<Record<string, readonly Caller[]>> = {
  'GET /v1/openapi.json': ['reader', 'operator'],
  'POST /v1/commands/{command}/tasks': ['shop', 'gateway', 'operator'],
  'POST /v1/commands/{command}/tasks/batch': ['shop', 'gateway', 'operator'],
  'POST /v1/payloads': ['shop', 'gateway', 'operator'],
  'POST /v1/tasks': ['gateway', 'operator'],
  'POST /v1/tasks/batch': ['gateway', 'operator'],
  'GET /v1/tasks': ['reader', 'operator'],
  'POST /v1/bulk': ['operator'],
  'GET /v1/tasks/{id}': ['reader', 'operator'],
  'PATCH /v1/tasks/{id}': ['operator'],
  'DELETE /v1/tasks/{id}': ['operator'],
  'POST /v1/tasks/{id}/cancel': ['operator'],
  'POST /v1/tasks/{id}/retry': ['operator'],
  'GET /v1/tasks/{id}/files/{name}': ['reader', 'operator'],
  'GET /v1/tasks/{id}/steps': ['reader', 'operator'],
  'GET /v1/tasks/{id}/children': ['reader', 'operator'],
  'GET /v1/tasks/{id}/logs': ['reader', 'operator'],
  'POST /v1/tasks/{id}/signals/{name}': ['operator'],
  'POST /v1/tasks/{id}/watch-token': ['watcher'],
  'POST /v1/watch-tokens': ['watcher'],
  'DELETE /v1/watch-tokens/{id}': ['watcher'],
  'GET /v1/workers': ['reader', 'operator'],
  'GET /v1/workers/{name}': ['reader', 'operator'],
  'PUT /v1/workers/{name}': [],
  'POST /v1/workers/{name}/pause': ['operator'],
  'POST /v1/workers/{name}/resume': ['operator'],
  'GET /v1/commands': ['reader', 'operator'],
  'POST /v1/worker-protocol/register': [],
  'POST /v1/worker-protocol/receive': [],
  'POST /v1/worker-protocol/renew': [],
  'POST /v1/worker-protocol/step': [],
  'POST /v1/worker-protocol/suspend': [],
  'POST /v1/worker-protocol/outputs': [],
  'POST /v1/worker-protocol/complete': [],
  'POST /v1/worker-protocol/release': [],
  'POST /v1/worker-protocol/leave': [],
}

function filled(route: string): string {
  return route.replace('{command}', 'order.confirm').replace('{id}', id).replace('{name}', 'mill%20%C3%BC.csv')
}

describe('the ready policies', () => {
  test('speak of every route of the API', async () => {
    const taskLogs: TaskLogs = { read: async () => ({ lines: [] }), remove: async () => undefined }
    const uploads: Uploads = { ticketFor: async () => ({ url: 'https://bucket.example', headers: {} }) }
    const { api: own } = await createApiWorld({ uploads, taskLogs })
    const routes = own.routes.filter(({ bytes }) => bytes !== 'request').map(({ method, path }) => `${method} ${path}`)
    expect(Object.keys(promised).sort()).toEqual(routes.sort())
    const deployed = ofType({ resources }, 'AWS::ApiGatewayV2::Route').map(({ Properties }) => Properties.RouteKey)
    const signed = deployed.filter((route) => route !== 'GET /healthz' && !route.startsWith('$'))
    expect(Object.keys(promised).sort()).toEqual(signed.sort())
  })

  test.each(Object.entries(promised))('%s is for %j', (route, allowed) => {
    expect(callers.filter((caller) => may(caller, filled(route)))).toEqual(allowed)
  })

  test.each<[Caller, string]>([
    ['shop', 'POST /v1/commands/order.cancel/tasks'],
    ['shop', 'POST /v1/commands/order.confirmed/tasks'],
    ['shop', 'POST /v1/commands/order.confirm/tasks/batch/more'],
    ['shop', 'POST /v1/commands/orderXconfirm/tasks'],
    ['shop', 'POST /v1/commands/*/tasks'],
    ['shop', 'GET /v1/commands/order.confirm/tasks'],
    ['shop', 'POST /v1/payloads/more'],
    ['gateway', `POST /v1/tasks/${id}`],
    ['gateway', `POST /v1/tasks/${id}/cancel`],
    ['reader', `GET /v1/tasks/${id}/sensitive`],
    ['reader', `POST /v1/tasks/${id}/signals/approved`],
    ['reader', `GET /v1/tasks/${id}x`],
    ['reader', `POST /v1/tasks/${id}`],
    ['reader', `DELETE /v1/tasks/${id}/files/a.csv`],
    ['reader', 'HEAD /v1/tasks'],
    ['watcher', `GET /v1/tasks/${id}`],
    ['watcher', `POST /v1/tasks/${id}/cancel`],
    ['watcher', `DELETE /v1/tasks/${id}`],
    ['operator', `GET /v1/tasks/${id}/sensitive`],
    ['operator', `POST /v1/tasks/${id}/watch-token`],
    ['operator', 'POST /v1/workers/mill'],
    ['operator', 'DELETE /v1/workers/mill'],
    ['operator', 'PUT /v1/schedules/nightly'],
    ['reader', 'POST /v1/bulk'],
  ])('keep the %s from %s', (caller, request) => {
    expect(may(caller, request)).toBe(false)
  })

  test('are of this API and its stage, and of no action but calling it', () => {
    const [principal = ''] = roles.filter((arn) => arn.includes(':role/operator'))
    const base = { principal, action: 'execute-api:Invoke', context: contextOf(principal) }
    const arn = (apiId: string, stage: string) =>
      `arn:aws:execute-api:${region}:${account}:${apiId}/${stage}/GET/v1/tasks`
    const asked = [
      { ...base, resource: arn(api ?? '', '$default') },
      { ...base, resource: arn('other', '$default') },
      { ...base, resource: arn(api ?? '', 'live') },
      { ...base, resource: arn(api ?? '', '$default'), action: 'execute-api:ManageConnections' },
    ]
    expect(asked.map((each) => decide(policies, each).kind)).toEqual(['allowed', ...Array(3).fill('not allowed')])
  })
})

describe('who may submit one command', () => {
  const free = { command: 'free' }
  const ways: readonly (readonly [string, string, unknown])[] = [
    ['by itself', 'POST /v1/tasks', free],
    ['in a batch', 'POST /v1/tasks/batch', { tasks: [free] }],
    ['under its own name', 'POST /v1/commands/free/tasks', {}],
    ['in a batch under its own name', 'POST /v1/commands/free/tasks/batch', { tasks: [{}] }],
    ['under the name of the other', 'POST /v1/commands/order.confirm/tasks', { ...order(), ...free }],
    [
      'in a batch under the name of the other',
      'POST /v1/commands/order.confirm/tasks/batch',
      { tasks: [order(), free] },
    ],
    ['by a detour in the path', 'POST /v1/commands/order.confirm/../free/tasks', {}],
  ]

  test.each(ways)('cannot make a task of another one %s', async (_, request, body) => {
    const { call, world, settle: follow } = await createOrdersWorld()
    const [method = '', path = ''] = request.split(' ')
    const { status } = may('shop', request) ? await call(method, path, body) : { status: 403 }
    expect(status).toBeGreaterThanOrEqual(400)
    await follow()
    expect((await call('GET', '/v1/tasks?command=free')).json.tasks).toEqual([])
    expect((await world.queue.depth('orders')).visible).toBe(0)
  })

  test('makes tasks of that one, singly and in batches', async () => {
    const { call } = await createOrdersWorld()
    const { command: _, ...task } = order()
    const under = 'POST /v1/commands/order.confirm/tasks'
    expect([may('shop', under), may('shop', `${under}/batch`)]).toEqual([true, true])
    expect((await call('POST', '/v1/commands/order.confirm/tasks', task)).status).toBe(202)
    expect((await call('POST', '/v1/commands/order.confirm/tasks/batch', { tasks: [task] })).status).toBe(202)
  })
})

describe('a path that IAM lets through in disguise', () => {
  /** API Gateway hands a path over decoded: what IAM took for one name may have become several. */
  test.each([
    'POST /v1/workers/..%2Fworker-protocol%2Fregister%3F/pause',
    'POST /v1/workers/%2E%2E%2Ftasks%2Fbatch%3F/resume',
    `GET /v1/workers/..%2Ftasks%2F${id}`,
    `GET /v1/tasks/${id}/files/..%2F..%2F..%2Fcommands`,
  ])('%s leads nowhere', async (request) => {
    const { api: own } = await createOrdersWorld()
    expect(may('operator', request)).toBe(true)
    const [method = '', path = ''] = request.split(' ')
    const authorizer = { iam: { userArn: `arn:aws:sts::${account}:assumed-role/desk/ann` } }
    const rawPath = decodeURIComponent(path).split('?', 1)[0] ?? ''
    const answer = await answerEvent(own, {
      ...{ rawPath, rawQueryString: '', headers: {}, isBase64Encoded: false },
      requestContext: { http: { method }, stage: '$default', authorizer },
    })
    expect(answer.statusCode).toBe(400)
  })
})
