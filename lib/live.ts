import { Duration, Stack, Validations } from 'aws-cdk-lib'
import { WebSocketApi, WebSocketStage } from 'aws-cdk-lib/aws-apigatewayv2'
import { WebSocketLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations'
import type { Construct } from 'constructs'
import type { Allowance } from './allow.ts'
import { arnsOf } from './hub-facts.ts'
import type { HubFunction } from './hub-function.ts'
import { namesOf } from './names.ts'

/**
 * Where watchers connect: a WebSocket API, which costs nothing while nobody does. It is made before the functions, which
 * are told its address, and opened when the one that answers it is there.
 */
export interface LiveApi {
  readonly api: WebSocketApi
  /** What watchers open, with their token behind it. */
  readonly url: string
  /** Lets a function write to watchers and close their connections. */
  readonly write: Allowance
}

const stageName = 'live'
/** All APIs of an account and Region share one quota; watchers take no more than this of it. */
const messagesPerSecond = 500
const messagesAtOnce = 1_000
/** A greeting is of use for as long as its watcher waits for it. */
const greetingLife = Duration.minutes(5)

export function createLiveApi(scope: Construct, hubName: string): LiveApi {
  const api = new WebSocketApi(scope, 'LiveApi', {
    apiName: namesOf(hubName).liveApi,
    description: `Taskurai hub ${hubName}: watchers of tasks`,
    // Watchers say next to nothing, and all of it goes to one route.
    routeSelectionExpression: '$request.body.type',
  })
  const connections = (method: string) =>
    Stack.of(scope).formatArn({
      service: 'execute-api',
      resource: api.apiId,
      resourceName: `${stageName}/${method}/@connections/*`,
    })
  return {
    api,
    // Its name, and not the stage itself: that comes after the functions which are told this.
    url: `${api.apiEndpoint}/${stageName}`,
    write: {
      actions: ['execute-api:ManageConnections'],
      on: [connections('POST'), connections('DELETE')],
      because: 'A connection has its name from API Gateway. Bound to those of this API.',
    },
  }
}

/** What the function of watchers may do beside its work with the table: call itself, once a connection stands. */
export function greetLater(scope: Construct, hubName: string): Allowance {
  return { actions: ['lambda:InvokeFunction'], on: [arnsOf(scope, hubName).function('live')] }
}

export function openLiveApi({ api }: LiveApi, live: HubFunction): void {
  live.handler.configureAsyncInvoke({ maxEventAge: greetingLife })
  const integration = new WebSocketLambdaIntegration('Live', live.handler)
  for (const routeKey of ['$connect', '$default', '$disconnect']) {
    const route = api.addRoute(routeKey, { integration })
    Validations.of(route).acknowledge({
      id: 'AwsSolutions-APIG4',
      reason:
        'Browsers can neither sign nor set headers: the token in the address is the authorization, and the function ' +
        'refuses the connection without a good one. The other two routes are those of a connection that was let in.',
    })
  }
  const stage = new WebSocketStage(api, 'Stage', {
    webSocketApi: api,
    stageName,
    autoDeploy: true,
    throttle: { rateLimit: messagesPerSecond, burstLimit: messagesAtOnce },
  })
  Validations.of(stage).acknowledge({
    id: 'AwsSolutions-APIG1',
    reason:
      'Access logs of a WebSocket API need a role for the whole account, which a hub must not set, and would hold the ' +
      'tokens in the addresses. What is refused is in the log of the function.',
  })
}
