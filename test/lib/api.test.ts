import { describe, expect, test } from 'vitest'
import type { TaskLogs } from '#core/ports'
import type { Uploads } from '#core/uploads'
import { routes } from '#lib/routes'
import { createApiWorld } from '../functions/api/api-world.ts'
import { ofType, type Synthesized, synthHub } from '../support/cdk/synth.ts'

const taskLogs: TaskLogs = { read: async () => ({ lines: [] }), remove: async () => undefined }
const uploads: Uploads = { ticketFor: async () => ({ url: 'https://bucket.example', headers: {} }) }

describe('the door of a hub', () => {
  const hub = synthHub()
  // Those of watchers are of another API (live.test.ts).
  const made = ofType(hub, 'AWS::ApiGatewayV2::Route')
    .map(({ Properties }) => Properties)
    .filter(({ RouteKey }) => !RouteKey.startsWith('$'))

  test('has a route for each of the API, and none beside them', async () => {
    // As the function makes it: with addresses for uploads, and with logs.
    const { api } = await createApiWorld({ uploads, taskLogs })
    // Bytes go to S3 by addresses that the hub gives.
    const own = api.routes.filter(({ bytes }) => bytes !== 'request').map(({ method, path }) => `${method} ${path}`)
    expect(made.map(({ RouteKey }) => RouteKey).sort()).toEqual([...own, 'GET /healthz'].sort())
    expect(routes.map(({ method, path }) => `${method} ${path}`).sort()).toEqual(
      made.map(({ RouteKey }) => RouteKey).sort(),
    )
  })

  test('asks for a signature on each route but the health check', () => {
    const open = made.filter(({ AuthorizationType }) => AuthorizationType !== 'AWS_IAM')
    expect(open.map(({ RouteKey, AuthorizationType }) => [RouteKey, AuthorizationType])).toEqual([
      ['GET /healthz', 'NONE'],
    ])
    expect(made.filter(({ RouteKey }) => /\$default|\+\}|ANY /.test(RouteKey))).toEqual([])
  })

  test('takes no more of the account than its share, and writes down who asked for what', () => {
    const stage = stageOf(hub)
    expect(stage?.Properties).toMatchObject({
      StageName: '$default',
      AutoDeploy: true,
      DefaultRouteSettings: { ThrottlingRateLimit: 1_000, ThrottlingBurstLimit: 2_000 },
    })
    const line = JSON.parse(stage?.Properties.AccessLogSettings.Format)
    expect(line).toMatchObject({ id: '$context.requestId', by: '$context.identity.userArn', status: '$context.status' })
    const narrow = synthHub({ throttle: { requestsPerSecond: 10, burst: 20 } })
    expect(stageOf(narrow)?.Properties.DefaultRouteSettings).toEqual({
      ThrottlingRateLimit: 10,
      ThrottlingBurstLimit: 20,
    })
  })

  test('is told to others by an output and a parameter', () => {
    const outputs = hub.template.toJSON().Outputs
    expect(Object.values(outputs)).toMatchObject([{ Value: { 'Fn::GetAtt': [expect.any(String), 'ApiEndpoint'] } }])
    const named = ofType(hub, 'AWS::SSM::Parameter').map(({ Properties }) => Properties.Name)
    expect(named).toContain('/taskurai/main/endpoint')
  })
})

function stageOf(from: Pick<Synthesized, 'resources'>) {
  return ofType(from, 'AWS::ApiGatewayV2::Stage').find(({ Properties }) => Properties.StageName === '$default')
}
