import { describe, expect, test } from 'vitest'
import { ApiEnv } from '#functions/api/config'
import { ClockEnv } from '#functions/clock/config'
import { settle } from '../support/cdk/settle.ts'
import { ofType, type Resource, type Synthesized, synthHub } from '../support/cdk/synth.ts'

const hub = synthHub()
const resources = settle(hub.resources)
const [liveApi] = Object.entries(resources).find(([, { Properties }]) => Properties?.ProtocolType === 'WEBSOCKET') ?? []
const address = `wss://${liveApi?.toLowerCase()}.execute-api.eu-central-1.amazonaws.com/live`

function environmentOf(name: string, from: Pick<Synthesized, 'resources'> = hub) {
  const functions = ofType({ resources: settle(from.resources) }, 'AWS::Lambda::Function')
  const one = functions.find(({ Properties }) => Properties.FunctionName === `taskurai-main-${name}`)
  return one?.Properties.Environment.Variables
}

describe('where watchers connect', () => {
  test('is a WebSocket API of three routes, all of them of one function, open since browsers cannot sign', () => {
    const routes = ofType({ resources }, 'AWS::ApiGatewayV2::Route').filter(
      ({ Properties }) => Properties.ApiId === liveApi,
    )
    expect(routes.map(({ Properties }) => [Properties.RouteKey, Properties.AuthorizationType])).toEqual([
      ['$connect', 'NONE'],
      ['$default', 'NONE'],
      ['$disconnect', 'NONE'],
    ])
    const integrations = ofType({ resources }, 'AWS::ApiGatewayV2::Integration').filter(
      ({ Properties }) => Properties.ApiId === liveApi,
    )
    for (const { Properties } of integrations) {
      expect(Properties.IntegrationUri).toContain('function:taskurai-main-live/invocations')
    }
    const callers = ofType({ resources }, 'AWS::Lambda::Permission').filter(({ Properties }) =>
      Properties.FunctionName.endsWith('taskurai-main-live'),
    )
    expect(callers.map(({ Properties }) => Properties.SourceArn).sort()).toEqual(
      ['$connect', '$default', '$disconnect'].map(
        (route) => `arn:aws:execute-api:eu-central-1:111122223333:${liveApi}/*${route}`,
      ),
    )
  })

  test('takes no more of the account than its share, and logs nothing: tokens stand in the addresses', () => {
    const [stage] = stages(hub)
    expect(stage?.Properties).toMatchObject({
      StageName: 'live',
      AutoDeploy: true,
      DefaultRouteSettings: { ThrottlingRateLimit: 500, ThrottlingBurstLimit: 1_000 },
    })
    expect(stage?.Properties.AccessLogSettings).toBeUndefined()
    expect(stage?.Properties.DefaultRouteSettings.LoggingLevel).toBeUndefined()
    expect(ofType(hub, 'AWS::ApiGateway::Account')).toEqual([])
  })

  test('is known to who lets in, tells and turns away', () => {
    for (const name of ['api', 'reactor', 'clock', 'live']) {
      expect(environmentOf(name)).toMatchObject({ TASKURAI_LIVE_URL: address })
    }
    expect(environmentOf('intake')).not.toHaveProperty('TASKURAI_LIVE_URL')
  })

  test('is opened by a function that calls itself for a while and then no more', () => {
    const invoke = ofType({ resources }, 'AWS::Lambda::EventInvokeConfig').map(({ Properties }) => Properties)
    expect(invoke).toContainEqual(
      expect.objectContaining({ FunctionName: 'taskurai-main-live', MaximumEventAgeInSeconds: 300 }),
    )
  })
})

describe('a hub whose tasks nobody watches', () => {
  const without = synthHub({ live: false })

  test('has no such API, no function for it, and nobody who may write to watchers', () => {
    expect(stages(without)).toEqual([])
    expect(environmentOf('live', without)).toBeUndefined()
    const text = JSON.stringify(without.template.toJSON())
    for (const word of ['WEBSOCKET', 'ManageConnections', 'lambda:InvokeFunction"]', 'taskurai-main-live'])
      expect(text).not.toContain(word)
  })

  test('says so to its functions', () => {
    expect(ApiEnv.parse(environmentOf('api', without)).TASKURAI_LIVE_URL).toBe('')
    expect(ClockEnv.parse(environmentOf('clock', without)).TASKURAI_LIVE_URL).toBe('')
  })
})

function stages(from: Pick<Synthesized, 'resources'>): readonly Resource[] {
  return ofType(from, 'AWS::ApiGatewayV2::Stage').filter(({ Properties }) => Properties.StageName === 'live')
}
