import { Stack } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { EventBus, EventField, type IEventBus } from 'aws-cdk-lib/aws-events'
import { describe, expect, test } from 'vitest'
import { IntakeInput } from '#functions/intake/config'
import { type EventTask, type Hub, TaskHub } from '#lib/index'
import { settle } from '../support/cdk/settle.ts'
import { newApp, ofType, type Resource, synthHub } from '../support/cdk/synth.ts'

const placed = { source: ['shop'], detailType: ['OrderPlaced'] }

function ruleOf(task: EventTask, add: (hub: Hub) => void = () => {}) {
  const made = synthHub({}, (hub, stack) => {
    add(hub)
    const bus = task.bus === undefined ? {} : { bus: new EventBus(stack, 'Bus', { eventBusName: 'shop' }) as IEventBus }
    hub.onEvent(placed, { ...task, ...bus })
  })
  const resources = settle(made.resources)
  const rules = Object.entries(resources).filter(
    ([, { Type, Properties }]) =>
      Type === 'AWS::Events::Rule' && JSON.stringify(Properties.EventPattern)?.includes('OrderPlaced'),
  )
  const [[ruleId, rule]] = rules as [[string, Resource]]
  return { resources, ruleId, rule: rule.Properties, target: rule.Properties.Targets[0] }
}

/** What EventBridge makes of an event: each name of a path in the template becomes its value as JSON. */
function transform({ InputPathsMap, InputTemplate }: { InputPathsMap: Record<string, string>; InputTemplate: string }) {
  const event: Record<string, unknown> = {
    id: '6a7e8feb-b491-4cf7-a9f1-bf3703467718',
    source: 'shop',
    'detail-type': 'OrderPlaced',
    time: '2026-11-24T10:00:00Z',
    detail: { orderId: 'o-1', lines: [1, 2] },
  }
  const at = (path: string) =>
    path
      .split('.')
      .slice(1)
      .reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], event)
  return JSON.parse(
    InputTemplate.replaceAll(/<([A-Za-z0-9_-]+)>/g, (_, name: string) => JSON.stringify(at(InputPathsMap[name] ?? ''))),
  )
}

describe('an event that becomes a task', () => {
  test('comes to the function as it reads it, with the whole detail as arguments', () => {
    const { target } = ruleOf({ command: 'order.confirm' })
    expect(target.Arn).toBe('arn:aws:lambda:eu-central-1:111122223333:function:taskurai-main-intake')
    expect(IntakeInput.parse(transform(target.InputTransformer))).toEqual({
      id: '6a7e8feb-b491-4cf7-a9f1-bf3703467718',
      rule: expect.stringMatching(/^on-[0-9a-f]{8}$/),
      command: 'order.confirm',
      arguments: { orderId: 'o-1', lines: [1, 2] },
      source: 'shop',
      detailType: 'OrderPlaced',
      time: '2026-11-24T10:00:00Z',
    })
  })

  test('brings what the rule picks of it, beside what the rule says itself', () => {
    const picked = {
      id: EventField.fromPath('$.detail.orderId'),
      kind: 'web',
      all: EventField.fromPath('$.detail.lines'),
    }
    const { target } = ruleOf({ command: 'order.confirm', arguments: picked })
    expect(transform(target.InputTransformer).arguments).toEqual({ id: 'o-1', kind: 'web', all: [1, 2] })
  })

  test('goes to the attention queue where it reaches nobody, which takes it from rules of this hub on any bus', () => {
    const { target, resources, ruleId } = ruleOf({ command: 'order.confirm', bus: {} as IEventBus })
    expect(target.DeadLetterConfig.Arn).toBe('arn:aws:sqs:eu-central-1:111122223333:taskurai-main_attention')
    const permissions = ofType({ resources }, 'AWS::Lambda::Permission').map(({ Properties }) => Properties)
    const ruleArn = `arn:aws:events:eu-central-1:111122223333:rule/Bus7770BFE7/${resources[ruleId]?.Properties.Name}`
    const own = permissions.find(({ FunctionName }) => FunctionName.endsWith('taskurai-main-intake'))
    expect(own).toMatchObject({
      Principal: 'events.amazonaws.com',
      SourceArn: expect.stringMatching(/:rule\/[^/]+\/taskurai-main-on-/),
    })
    expect(own?.SourceArn.split('/').at(-1)).toBe(ruleArn.split('/').at(-1))
    const statements = ofType({ resources }, 'AWS::SQS::QueuePolicy').flatMap(
      ({ Properties }) => Properties.PolicyDocument.Statement,
    )
    const open = statements.find(({ Sid }: { Sid?: string }) => Sid === 'EventsThatReachedNobody')
    const patterns: readonly string[] = open.Condition.ArnLike['aws:SourceArn']
    expect(patterns.some((pattern) => new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(own?.SourceArn))).toBe(true)
  })

  test('has a rule whose name stays while others come and go', () => {
    const alone = ruleOf({ command: 'order.confirm' }).rule.Name
    const among = ruleOf({ command: 'order.confirm' }, (hub) => {
      hub.onEvent({ source: ['desk'] }, { command: 'order.mail' })
    }).rule.Name
    expect(among).toBe(alone)
    expect(ruleOf({ command: 'order.mail' }).rule.Name).not.toBe(alone)
  })

  test('may be listened to from another stack', () => {
    const stack = new Stack(newApp(), 'Shop')
    TaskHub.fromHubName(stack, 'Hub', 'main').onEvent(placed, { command: 'order.confirm' })
    const resources = settle(Template.fromStack(stack).toJSON().Resources)
    expect(ofType({ resources }, 'AWS::Events::Rule')[0]?.Properties.Targets).toMatchObject([
      {
        Arn: 'arn:aws:lambda:eu-central-1:111122223333:function:taskurai-main-intake',
        DeadLetterConfig: { Arn: 'arn:aws:sqs:eu-central-1:111122223333:taskurai-main_attention' },
      },
    ])
  })

  test.each<[string, Parameters<Hub['onEvent']>, RegExp]>([
    ['a command that is none', [placed, { command: 'Order!' }], /onEvent: Order! is no command/],
    [
      'every event there is',
      [{ detailType: ['OrderPlaced'] }, { command: 'order.confirm' }],
      /name the source of the events/,
    ],
  ])('is refused for %s', (_, call, message) => {
    expect(() => synthHub({}, (hub) => void hub.onEvent(...call))).toThrow(message)
  })
})
