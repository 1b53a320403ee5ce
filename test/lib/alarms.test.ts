import { Topic } from 'aws-cdk-lib/aws-sns'
import { describe, expect, test } from 'vitest'
import { hubDimension, metricNames, metricNamespace } from '#core/contract/metrics'
import { settle } from '../support/cdk/settle.ts'
import { ofType, synthHub } from '../support/cdk/synth.ts'

const hub = { resources: settle(synthHub({ alarmEmails: ['ops@shop.example'] }).resources) }
const alarms = ofType(hub, 'AWS::CloudWatch::Alarm').map(({ Properties }) => Properties)

describe('the alarms of a hub', () => {
  test('are seven, each on one metric, each with what to do next', () => {
    expect(alarms.map(({ AlarmName }) => AlarmName)).toEqual(
      ['attention', 'stream-age', 'clock', 'api-5xx', 'table-throttled', 'starts-failing', 'tasks-late'].map(
        (name) => `taskurai-main-${name}`,
      ),
    )
    for (const { AlarmDescription, Metrics, MetricName } of alarms) {
      expect(AlarmDescription).toMatch(/Next: /)
      expect(AlarmDescription.length).toBeLessThan(1_024)
      expect([Metrics, typeof MetricName]).toEqual([undefined, 'string'])
    }
  })

  test('watch what the hub itself tells by the names under which it tells it', () => {
    const own = alarms.filter(({ Namespace }) => Namespace === metricNamespace)
    expect(own.map(({ MetricName }) => MetricName).sort()).toEqual(Object.values(metricNames).sort())
    for (const { Dimensions, TreatMissingData } of own) {
      expect(Dimensions).toEqual([{ Name: hubDimension, Value: 'main' }])
      expect(TreatMissingData).toBe('notBreaching')
    }
  })

  test('watch the parts of this hub', () => {
    const watched = alarms.flatMap(({ Dimensions }) => Dimensions.map(({ Value }: { Value: string }) => Value))
    expect(watched).toEqual([
      'taskurai-main_attention',
      'taskurai-main-reactor',
      'taskurai-main-clock',
      expect.stringContaining('HttpApi'),
      expect.stringContaining('Table'),
      'main',
      'main',
    ])
  })

  test('take a silent clock for a broken one', () => {
    expect(alarms.filter(({ TreatMissingData }) => TreatMissingData === 'breaching')).toMatchObject([
      { AlarmName: 'taskurai-main-clock', MetricName: 'Errors', Period: 60, EvaluationPeriods: 5, Statistic: 'Sum' },
    ])
  })

  test('go to one topic, to which they may publish and of which the mailboxes hear', () => {
    const topic = /^arn:aws:sns:eu-central-1:111122223333:HubAlarms/
    for (const { AlarmActions, OKActions } of alarms) {
      expect(AlarmActions).toEqual([expect.stringMatching(topic)])
      expect(OKActions).toEqual(AlarmActions)
    }
    expect(ofType(hub, 'AWS::SNS::Subscription')[0]?.Properties).toMatchObject({
      Protocol: 'email',
      Endpoint: 'ops@shop.example',
    })
    const statements = ofType(hub, 'AWS::SNS::TopicPolicy')[0]?.Properties.PolicyDocument.Statement
    expect(statements).toContainEqual(
      expect.objectContaining({
        Effect: 'Allow',
        Action: 'sns:Publish',
        Principal: { Service: 'cloudwatch.amazonaws.com' },
        Condition: {
          ArnLike: { 'aws:SourceArn': 'arn:aws:cloudwatch:eu-central-1:111122223333:alarm:taskurai-main-*' },
        },
      }),
    )
  })

  test('go to the topic that is given', () => {
    const made = synthHub({}, () => {})
    expect(ofType(made, 'AWS::SNS::Topic')).toHaveLength(1)
    const topic = Topic.fromTopicArn(made.stack, 'Ours', 'arn:aws:sns:eu-central-1:111122223333:ours')
    const { resources } = synthHub({ alarmTopic: topic })
    expect(ofType({ resources }, 'AWS::SNS::Topic')).toEqual([])
    for (const { Properties } of ofType({ resources }, 'AWS::CloudWatch::Alarm')) {
      expect(Properties.AlarmActions).toEqual(['arn:aws:sns:eu-central-1:111122223333:ours'])
    }
  })
})

test('the dashboard shows alarms and queues, and can be left out', () => {
  const [dashboard] = ofType(hub, 'AWS::CloudWatch::Dashboard')
  expect(dashboard?.Properties.DashboardName).toBe('taskurai-main')
  const { widgets } = JSON.parse(dashboard?.Properties.DashboardBody)
  expect(widgets.map(({ type }: { type: string }) => type)).toEqual(['text', 'alarm', ...Array(9).fill('metric')])
  expect(dashboard?.Properties.DashboardBody).toContain('taskurai main')
  expect(ofType(synthHub({ dashboard: false }), 'AWS::CloudWatch::Dashboard')).toEqual([])
})
