import { Validations } from 'aws-cdk-lib'
import { Alarm, ComparisonOperator, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch'
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions'
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns'
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions'
import type { Construct } from 'constructs'
import { alarmSpecs, type Watched } from './alarm-specs.ts'
import { arnsOf } from './hub-facts.ts'
import { namesOf } from './names.ts'

export interface AlarmOptions extends Watched {
  readonly topic: ITopic | Topic | undefined
  readonly emails: readonly string[]
}

/** Seven alarms and no more. Two of their metrics are the hub's own, sent only while there is something to say. */
export function createAlarms(scope: Construct, options: AlarmOptions): readonly Alarm[] {
  const { alarm: nameOf } = namesOf(options.hubName)
  const action = new SnsAction((options.topic ?? createTopic(scope, options)) as ITopic)
  return alarmSpecs(options).map(({ name, description, metric, threshold, periods, isSilenceBad }) => {
    const alarm = new Alarm(scope, `Alarm ${name}`, {
      alarmName: nameOf(name),
      alarmDescription: description,
      metric,
      threshold,
      evaluationPeriods: periods,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: isSilenceBad === true ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING,
    })
    alarm.addAlarmAction(action)
    alarm.addOkAction(action)
    return alarm
  })
}

function createTopic(scope: Construct, { hubName, emails }: AlarmOptions): Topic {
  const topic = new Topic(scope, 'Alarms', { displayName: `Taskurai hub ${hubName}`, enforceSSL: true })
  // With a policy of its own a topic loses the one by which everybody in the account may publish.
  topic.addToResourcePolicy(
    new PolicyStatement({
      sid: 'AlarmsOfThisHub',
      principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
      actions: ['sns:Publish'],
      resources: [topic.topicArn],
      conditions: { ArnLike: { 'aws:SourceArn': arnsOf(scope, hubName).alarms } },
    }),
  )
  for (const email of emails) topic.addSubscription(new EmailSubscription(email))
  Validations.of(topic).acknowledge({
    id: 'AwsSolutions-SNS2',
    reason:
      'CloudWatch can publish to an encrypted topic only with a key of ones own (1 $ a month), and an alarm says nothing ' +
      'of what tasks hold. Give alarmTopic for one with a key.',
  })
  return topic
}
