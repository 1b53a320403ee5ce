import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib'
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway'
import {
  HttpApi,
  HttpMethod,
  HttpRoute,
  HttpRouteKey,
  HttpStage,
  LogGroupLogDestination,
} from 'aws-cdk-lib/aws-apigatewayv2'
import { HttpIamAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers'
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs'
import type { Construct } from 'constructs'
import { namesOf } from './names.ts'
import { type HubRoute, routes } from './routes.ts'

export interface Throttle {
  /** @default 1000 */
  readonly requestsPerSecond?: number | undefined
  /** How many may come at once. @default 2000 */
  readonly burst?: number | undefined
}

export interface ApiGatewayOptions {
  readonly hubName: string
  readonly handler: IFunction
  readonly throttle: Throttle
  readonly logRetention: RetentionDays
}

/** Just under what API Gateway itself waits for. */
const integrationTimeout = Duration.seconds(29)

/** The door of the hub: an HTTP API, each route signed with the caller's own AWS keys but for the health check. */
export function createApiGateway(scope: Construct, options: ApiGatewayOptions): HttpApi {
  const api = new HttpApi(scope, 'HttpApi', {
    apiName: namesOf(options.hubName).api,
    description: `Taskurai hub ${options.hubName}`,
    createDefaultStage: false,
  })
  const integration = new HttpLambdaIntegration('Api', options.handler, {
    timeout: integrationTimeout,
    scopePermissionToRoute: false,
  })
  const iam = new HttpIamAuthorizer()
  for (const route of routes) {
    const { method, path } = route
    const isOpen = route.for === 'everybody'
    const made = new HttpRoute(api, idOf(route), {
      httpApi: api,
      routeKey: HttpRouteKey.with(path, HttpMethod[method]),
      integration,
      ...(isOpen ? {} : { authorizer: iam }),
    })
    if (isOpen) acceptOpen(made)
  }
  createStage(api, options)
  return api
}

function createStage(api: HttpApi, { hubName, throttle, logRetention }: ApiGatewayOptions): void {
  const accessLog = new LogGroup(api, 'AccessLog', {
    logGroupName: namesOf(hubName).accessLogGroup,
    retention: logRetention,
    removalPolicy: RemovalPolicy.DESTROY,
  })
  new HttpStage(api, 'Stage', {
    httpApi: api,
    stageName: '$default',
    autoDeploy: true,
    // All APIs of an account and Region share one quota; this hub takes no more than this of it.
    throttle: { rateLimit: throttle.requestsPerSecond ?? 1_000, burstLimit: throttle.burst ?? 2_000 },
    accessLogSettings: {
      destination: new LogGroupLogDestination(accessLog),
      format: AccessLogFormat.custom(JSON.stringify(accessLine)),
    },
  })
}

/** Who asked for what, and how it went. Each character of it is paid for with every request. */
const accessLine = {
  id: '$context.requestId',
  at: '$context.requestTime',
  ip: '$context.identity.sourceIp',
  by: '$context.identity.userArn',
  method: '$context.httpMethod',
  path: '$context.path',
  status: '$context.status',
  ms: '$context.responseLatency',
  error: '$context.error.message',
}

function acceptOpen(route: HttpRoute): void {
  Validations.of(route).acknowledge({
    id: 'AwsSolutions-APIG4',
    reason: 'The health check is for load balancers and probes, which do not sign; it answers that the hub is there.',
  })
}

function idOf({ method, path }: HubRoute): string {
  return `${method} ${path.slice(1).replaceAll('/', ' ')}`
}
