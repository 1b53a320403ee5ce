import { ArnFormat, RemovalPolicy, Stack } from 'aws-cdk-lib'
import { Rule, type RuleTargetConfig } from 'aws-cdk-lib/aws-events'
import { CfnResourcePolicy, LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs'
import type { Construct } from 'constructs'
import { callOrTell } from './event-rule.ts'
import { arnsOf } from './hub-facts.ts'
import { namesOf } from './names.ts'

export interface StopsOptions {
  readonly hubName: string
  readonly clockArn: string
  readonly attentionQueueArn: string
}

/**
 * What ECS says of instances that stopped goes to the clock's function at once, and to a log group for a month: ECS itself
 * forgets a stopped task after an hour. Both are free; storing them costs by the gigabyte.
 */
export function watchStops(scope: Construct, options: StopsOptions): void {
  const { hubName, clockArn, attentionQueueArn } = options
  const names = namesOf(hubName)
  const rule = new Rule(scope, 'Stops', {
    ruleName: names.rule('stops'),
    description: `Taskurai hub ${hubName}: instances that stopped`,
    eventPattern: {
      source: ['aws.ecs'],
      detailType: ['ECS Task State Change'],
      detail: { clusterArn: [arnsOf(scope, hubName).cluster], lastStatus: ['STOPPED'] },
    },
  })
  const logGroup = new LogGroup(rule, 'Log', {
    logGroupName: names.stopsLogGroup,
    retention: RetentionDays.ONE_MONTH,
    removalPolicy: RemovalPolicy.DESTROY,
  })
  letRuleWrite(rule, logGroup, hubName)
  rule.addTarget({ bind: (): RuleTargetConfig => ({ arn: groupArn(logGroup) }) })
  callOrTell(rule, { functionArn: clockArn, attentionQueueArn })
}

/**
 * The construct's own target would deploy a function that does this. An account has ten such policies in a Region; if
 * they are used up, the deployment says so.
 */
function letRuleWrite(rule: Rule, logGroup: LogGroup, hubName: string): void {
  const statement = {
    Effect: 'Allow',
    Principal: { Service: ['events.amazonaws.com', 'delivery.logs.amazonaws.com'] },
    Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    Resource: logGroup.logGroupArn,
    Condition: { ArnEquals: { 'aws:SourceArn': rule.ruleArn } },
  }
  new CfnResourcePolicy(logGroup, 'MayWrite', {
    policyName: `taskurai-${hubName}-stops`,
    policyDocument: Stack.of(rule).toJsonString({ Version: '2012-10-17', Statement: [statement] }),
  })
}

/** EventBridge wants it without the `:*` that policies want. */
function groupArn(logGroup: LogGroup): string {
  return Stack.of(logGroup).formatArn({
    service: 'logs',
    resource: 'log-group',
    resourceName: logGroup.logGroupName,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  })
}
