import { Duration } from 'aws-cdk-lib'
import {
  type Alarm,
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  type IWidget,
  MathExpression,
  Metric,
  Stats,
  TextWidget,
} from 'aws-cdk-lib/aws-cloudwatch'
import type { Construct } from 'constructs'
import { queueNameOf } from '#core/contract/hub-env'
import { namesOf } from './names.ts'

export interface DashboardOptions {
  readonly hubName: string
  readonly endpoint: string
  readonly apiId: string
  readonly tableName: string
  readonly functionNames: Readonly<Record<'api' | 'reactor' | 'clock', string>>
  /** Where watchers connect; absent where nobody can. */
  readonly liveApiId: string | undefined
  readonly alarms: readonly Alarm[]
}

const full = 24
const half = 12
const period = Duration.minutes(1)

/** What an operator looks at first: alarms, the queue of each worker, requests, and how far behind the reactor is. */
export function createDashboard(scope: Construct, options: DashboardOptions): void {
  const dashboard = new Dashboard(scope, 'Dashboard', { dashboardName: namesOf(options.hubName).dashboard })
  dashboard.addWidgets(
    new TextWidget({ width: full, height: 2, markdown: headline(options) }),
    new AlarmStatusWidget({ width: full, height: 3, title: 'Alarms', alarms: [...options.alarms] }),
  )
  dashboard.addWidgets(...graphs(options))
}

function headline({ hubName, endpoint }: DashboardOptions): string {
  return `# Taskurai hub ${hubName}\n${endpoint} · instances and backlog of each worker: \`taskurai workers\``
}

function graphs({ hubName, apiId, tableName, functionNames, liveApiId }: DashboardOptions): readonly IWidget[] {
  const lambda = (name: keyof typeof functionNames, metricName: string, statistic: string) =>
    metricOf('AWS/Lambda', metricName, { FunctionName: functionNames[name] }, statistic, name)
  const api = (metricName: string, statistic: string) =>
    metricOf('AWS/ApiGateway', metricName, { ApiId: apiId }, statistic, metricName)
  const table = (metricName: string) =>
    metricOf('AWS/DynamoDB', metricName, { TableName: tableName }, Stats.SUM, metricName)
  return [
    graph('Bells waiting, by worker', [search(hubName, 'ApproximateNumberOfMessagesVisible')]),
    graph('Age of the oldest bell, seconds', [search(hubName, 'ApproximateAgeOfOldestMessage')]),
    graph('Requests', [api('Count', Stats.SAMPLE_COUNT), api('4xx', Stats.SUM), api('5xx', Stats.SUM)]),
    graph('Latency of the API, ms', [api('Latency', Stats.p(50)), api('Latency', Stats.p(99))]),
    graph(
      'Errors of functions',
      (['api', 'reactor', 'clock'] as const).map((name) => lambda(name, 'Errors', Stats.SUM)),
    ),
    graph('Reactor behind, ms', [lambda('reactor', 'IteratorAge', Stats.MAXIMUM)]),
    graph('Units of the table', [table('ConsumedWriteCapacityUnits'), table('ConsumedReadCapacityUnits')]),
    graph('Throttled', [table('WriteThrottleEvents'), table('ReadThrottleEvents')]),
    ...(liveApiId === undefined ? [] : [watchers(liveApiId)]),
  ]
}

function watchers(ApiId: string): GraphWidget {
  const count = (metricName: string) => metricOf('AWS/ApiGateway', metricName, { ApiId }, Stats.SUM, metricName)
  return graph('Watchers', [count('ConnectCount'), count('MessageCount'), count('IntegrationError')])
}

function graph(title: string, left: (Metric | MathExpression)[]): GraphWidget {
  return new GraphWidget({ title, left, width: half, height: 6, period, liveData: true })
}

/** By the words of their names, so that the queue of a worker that any stack adds is found. */
function search(hubName: string, metricName: string): MathExpression {
  const words = queueNameOf(hubName, '').split('-').join(' ').trim()
  const expression = `SEARCH('{AWS/SQS,QueueName} MetricName="${metricName}" ${words}', 'Maximum')`
  return new MathExpression({ expression, label: '', usingMetrics: {}, period })
}

function metricOf(
  namespace: string,
  metricName: string,
  dimensionsMap: Readonly<Record<string, string>>,
  statistic: string,
  label: string,
) {
  return new Metric({ namespace, metricName, dimensionsMap: { ...dimensionsMap }, statistic, label, period })
}
