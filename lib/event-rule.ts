import type { Rule, RuleTargetConfig, RuleTargetInput } from 'aws-cdk-lib/aws-events'
import { CfnPermission } from 'aws-cdk-lib/aws-lambda'

/**
 * Rules and the functions they call, by their ARNs: a rule may lie in another stack than the hub, and what it needs then
 * lies beside it.
 */

/** EventBridge's own most: for so long it tries to reach a function, then the event goes to the attention queue. */
const eventLifeSeconds = 86_400
const deliveriesMost = 185

/** Of an event that reaches no function the attention queue is told, whole. */
export function callOrTell(
  rule: Rule,
  options: { readonly functionArn: string; readonly attentionQueueArn: string; readonly input?: RuleTargetInput },
): void {
  const { functionArn, attentionQueueArn, input } = options
  rule.addTarget({
    bind: (): RuleTargetConfig => ({
      arn: functionArn,
      deadLetterConfig: { arn: attentionQueueArn },
      retryPolicy: { maximumRetryAttempts: deliveriesMost, maximumEventAgeInSeconds: eventLifeSeconds },
      ...(input === undefined ? {} : { input }),
    }),
  })
  allowRuleToCall(rule, functionArn)
}

export function allowRuleToCall(rule: Rule, functionArn: string): void {
  new CfnPermission(rule, 'MayCall', {
    action: 'lambda:InvokeFunction',
    functionName: functionArn,
    principal: 'events.amazonaws.com',
    sourceArn: rule.ruleArn,
  })
}
