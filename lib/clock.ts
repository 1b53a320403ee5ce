import { Duration } from 'aws-cdk-lib'
import { Rule, type RuleTargetConfig, Schedule } from 'aws-cdk-lib/aws-events'
import type { Construct } from 'constructs'
import { allowRuleToCall } from './event-rule.ts'
import type { HubFunction } from './hub-function.ts'
import { namesOf } from './names.ts'

const everyMinute = Schedule.rate(Duration.minutes(1))
/** A tick that comes later than the next one is of no use. */
const tickLife = Duration.minutes(1)

/**
 * Wakes the clock each minute. A tick that is lost is not made up for: the next one looks at all that is due, and an alarm
 * tells when none comes. Nor is a failed one repeated, so that no two run at once.
 */
export function windClock(scope: Construct, hubName: string, clock: HubFunction): void {
  clock.handler.configureAsyncInvoke({ retryAttempts: 0, maxEventAge: tickLife })
  const rule = new Rule(scope, 'EachMinute', {
    ruleName: namesOf(hubName).rule('each-minute'),
    description: `Taskurai hub ${hubName}: the clock's tick`,
    schedule: everyMinute,
  })
  rule.addTarget({
    bind: (): RuleTargetConfig => ({
      arn: clock.handler.functionArn,
      retryPolicy: { maximumRetryAttempts: 0, maximumEventAgeInSeconds: tickLife.toSeconds() },
    }),
  })
  allowRuleToCall(rule, clock.handler.functionArn)
}
