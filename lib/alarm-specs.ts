import { Duration } from 'aws-cdk-lib'
import { type IMetric, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch'
import { hubDimension, metricNames, metricNamespace } from '#core/contract/metrics'
import { namesOf } from './names.ts'

/** What each alarm watches, and what its reader is to do next. Each is one metric, since each metric costs 0.10 $ a month. */

export interface Watched {
  readonly hubName: string
  readonly tableName: string
  readonly apiId: string
  readonly attentionQueueName: string
  readonly reactorName: string
  readonly clockName: string
}

export interface AlarmSpec {
  readonly name: string
  readonly description: string
  readonly metric: IMetric
  readonly threshold: number
  /** How many periods in a row. */
  readonly periods: number
  /** Where silence itself is what is wrong. */
  readonly isSilenceBad?: boolean
}

const minute = Duration.minutes(1)
const fiveMinutes = Duration.minutes(5)
const streamAgeMostMs = 300_000
const failedAnswersMost = 5

export function alarmSpecs(watched: Watched): readonly AlarmSpec[] {
  const { hubName, tableName, apiId, attentionQueueName, reactorName, clockName } = watched
  const logs = (name: string) => `CloudWatch Logs, group ${namesOf(hubName).logGroup(name)}`
  const own = (metric: keyof typeof metricNames) =>
    metricOf(metricNamespace, metricNames[metric], { [hubDimension]: hubName }, Stats.MAXIMUM, minute)
  return [
    {
      name: 'attention',
      description:
        `Something waits in the queue ${attentionQueueName} that the hub could not deal with: an event that reached no ` +
        'function, a batch of changes, a bell received a thousand times. Next: read the messages (kept 14 days) in the ' +
        'SQS console; each says what it is. Delete them when they are dealt with.',
      metric: metricOf(
        'AWS/SQS',
        'ApproximateNumberOfMessagesVisible',
        { QueueName: attentionQueueName },
        Stats.MAXIMUM,
        fiveMinutes,
      ),
      threshold: 1,
      periods: 1,
    },
    {
      name: 'stream-age',
      description:
        'The reactor is more than five minutes behind the changes of tasks: instances start late, and lists are old. ' +
        `Next: look for errors in ${logs('reactor')}, then at throttling of the function (concurrency of the account).`,
      metric: metricOf('AWS/Lambda', 'IteratorAge', { FunctionName: reactorName }, Stats.MAXIMUM, minute),
      threshold: streamAgeMostMs,
      periods: 5,
    },
    {
      name: 'clock',
      description:
        'The clock has not run well for five minutes: what is due waits, and dead runs are not taken over. Next: look ' +
        `for errors in ${logs('clock')}; if there is nothing, see that the rule ${namesOf(hubName).rule('each-minute')} is enabled ` +
        'and that the account has concurrency left.',
      // Told by each run, so that its absence means no run.
      metric: metricOf('AWS/Lambda', 'Errors', { FunctionName: clockName }, Stats.SUM, minute),
      threshold: 1,
      periods: 5,
      isSilenceBad: true,
    },
    {
      name: 'api-5xx',
      description:
        `The API failed ${failedAnswersMost} requests or more in five minutes. Clients try again with the same key, so nothing is ` +
        `created twice. Next: look for api.failed and api.unavailable in ${logs('api')}.`,
      metric: metricOf('AWS/ApiGateway', '5xx', { ApiId: apiId }, Stats.SUM, fiveMinutes),
      threshold: failedAnswersMost,
      periods: 1,
    },
    {
      name: 'table-throttled',
      description:
        'DynamoDB refuses writes of the table: a new table takes 4,000 a second and grows, one key takes 1,000. Next: see ' +
        'in the console which it is; a hot directory wants more directoryShards, a flood wants warm throughput.',
      metric: metricOf('AWS/DynamoDB', 'WriteThrottleEvents', { TableName: tableName }, Stats.SUM, minute),
      threshold: 1,
      periods: 3,
    },
    {
      name: 'starts-failing',
      description:
        'Instances of a worker cannot be started, or end before they are ready: a broken image, a missing right, no ' +
        'capacity, the vCPU quota. Next: GET /v1/workers, or `taskurai workers`, tells which worker and the reason; deploy ' +
        'the last good revision, or raise the quota.',
      metric: own('startsFailing'),
      threshold: 1,
      periods: 3,
    },
    {
      name: 'tasks-late',
      description:
        'Tasks of a worker have been waiting for ten minutes without getting fewer. Next: GET /v1/workers, or `taskurai ' +
        'workers`, tells which; see whether it is paused, at its max of instances, or whether they take nothing.',
      metric: own('tasksLate'),
      threshold: 1,
      periods: 3,
    },
  ]
}

function metricOf(
  namespace: string,
  metricName: string,
  dimensionsMap: Readonly<Record<string, string>>,
  statistic: string,
  period: Duration,
): Metric {
  return new Metric({ namespace, metricName, dimensionsMap: { ...dimensionsMap }, statistic, period })
}
