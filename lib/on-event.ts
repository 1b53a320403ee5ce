import { createHash } from 'node:crypto'
import { Stack } from 'aws-cdk-lib'
import {
  type EventBus,
  EventField,
  type EventPattern,
  type IEventBus,
  Rule,
  RuleTargetInput,
} from 'aws-cdk-lib/aws-events'
import type { Construct } from 'constructs'
import { CommandName } from '#core/contract/names'
import type { IntakeInput } from '#functions/intake/config'
import { callOrTell } from './event-rule.ts'
import type { HubFacts } from './hub-facts.ts'
import { namesOf } from './names.ts'

/** The task that an event becomes. */
export interface EventTask {
  readonly command: string
  /**
   * What the command is given; values of the event are taken out of it by `EventField.fromPath('$.detail.…')`.
   * @default the event's `detail`, whole
   */
  readonly arguments?: unknown
  /** The bus to listen to. @default the account's own */
  readonly bus?: IEventBus | EventBus | undefined
}

const hashChars = 8

/** A rule whose events become tasks: the same event, delivered again, is the same task. */
export function addEventRule(scope: Construct, facts: HubFacts, pattern: EventPattern, task: EventTask): Rule {
  const { hubName, intakeArn, attentionQueueArn } = facts
  const command = CommandName.safeParse(task.command)
  if (!command.success) throw new Error(`onEvent: ${task.command} is no command: ${command.error.issues[0]?.message}`)
  if ((pattern.source ?? []).length === 0) {
    throw new Error(`onEvent: name the source of the events that become ${task.command}: { source: ['shop'], … }`)
  }
  const id = `on-${hashOf(scope, [pattern, task.command, task.arguments ?? null, task.bus?.eventBusName ?? null])}`
  const rule = new Rule(scope, `${id} ${task.command}`, {
    ruleName: namesOf(hubName).rule(id),
    description: `Taskurai hub ${hubName}: these events become tasks of ${task.command}`,
    eventPattern: pattern,
    ...(task.bus === undefined ? {} : { eventBus: task.bus }),
  })
  callOrTell(rule, {
    functionArn: intakeArn,
    attentionQueueArn,
    input: RuleTargetInput.fromObject(inputOf(id, task)),
  })
  return rule
}

function inputOf(rule: string, task: EventTask) {
  return {
    id: EventField.eventId,
    rule,
    command: task.command,
    arguments: task.arguments ?? EventField.fromPath('$.detail'),
    source: EventField.source,
    detailType: EventField.detailType,
    time: EventField.time,
  } satisfies Record<keyof IntakeInput, unknown>
}

/** The same rule has the same name wherever it stands among others, so that none is made anew because of another. */
function hashOf(scope: Construct, parts: readonly unknown[]): string {
  const text = JSON.stringify(Stack.of(scope).resolve(parts))
  return createHash('sha256').update(text).digest('hex').slice(0, hashChars)
}
