import { describe, expect, test } from 'vitest'
import { fleetKey, headKey, registryKey, rowPk, rowSk } from '#core/keys'
import { ApiEnv } from '#functions/api/config'
import { ClockEnv } from '#functions/clock/config'
import { IntakeEnv } from '#functions/intake/config'
import { LiveEnv } from '#functions/live/config'
import { ReactorEnv } from '#functions/reactor/config'
import { RegistrarEnv } from '#functions/registrar/config'
import { settle } from '../support/cdk/settle.ts'
import { ofType, type Synthesized, synthHub } from '../support/cdk/synth.ts'

const hub = synthHub({ dueShards: 16, directoryShards: 8, events: { statuses: ['succeeded', 'failed'] } })

function functionNamed(name: string, from: Pick<Synthesized, 'resources'> = hub) {
  const found = ofType({ resources: settle(from.resources) }, 'AWS::Lambda::Function')
  const one = found.find(({ Properties }) => Properties.FunctionName === `taskurai-main-${name}`)
  if (one === undefined) throw new Error(`no function ${name}`)
  return one.Properties
}

describe('a function of a hub', () => {
  const schemas = {
    api: ApiEnv,
    reactor: ReactorEnv,
    clock: ClockEnv,
    intake: IntakeEnv,
    registrar: RegistrarEnv,
    live: LiveEnv,
  }

  test.each(Object.entries(schemas))('%s has exactly the environment that its config wants', (name, schema) => {
    const { Variables } = functionNamed(name).Environment
    const parsed = schema.parse(Variables)
    expect(Object.keys(Variables).sort()).toEqual(Object.keys(parsed).sort())
    expect(parsed).toMatchObject({
      TASKURAI_HUB: 'main',
      TASKURAI_QUEUE_URL_PREFIX: 'https://sqs.eu-central-1.amazonaws.com/111122223333/taskurai-main-',
      TASKURAI_DUE_SHARDS: 16,
      TASKURAI_DIRECTORY_SHARDS: 8,
    })
  })

  test("tells the events it is asked for to the account's own bus, or to none", () => {
    expect(ReactorEnv.parse(functionNamed('reactor').Environment.Variables)).toMatchObject({
      TASKURAI_EVENT_BUS: 'default',
      TASKURAI_EVENTS: ['succeeded', 'failed'],
    })
    const silent = functionNamed('clock', synthHub()).Environment.Variables
    expect(ClockEnv.parse(silent)).toMatchObject({ TASKURAI_EVENT_BUS: '', TASKURAI_EVENTS: [] })
  })

  test('is small, on arm64, says little, traces nothing and reserves nothing of the account', () => {
    const functions = ofType(hub, 'AWS::Lambda::Function')
    expect(functions).toHaveLength(6)
    for (const { Properties } of functions) {
      expect(Properties).toMatchObject({
        Runtime: 'nodejs24.x',
        Handler: 'index.handler',
        Architectures: ['arm64'],
        LoggingConfig: { LogFormat: 'JSON', SystemLogLevel: 'WARN', ApplicationLogLevel: 'INFO' },
      })
      expect(Properties.ReservedConcurrentExecutions).toBeUndefined()
      expect(Properties.TracingConfig).toBeUndefined()
      expect(Properties.VpcConfig).toBeUndefined()
    }
    expect(functionNamed('clock').MemorySize).toBe(256)
    expect(functionNamed('live').MemorySize).toBe(256)
    expect(functionNamed('api').MemorySize).toBe(512)
  })
})

describe('the stream of the table', () => {
  test('has one reader, which tries for six hours and then puts the batch whole where a person finds it', () => {
    const mappings = ofType(hub, 'AWS::Lambda::EventSourceMapping')
    expect(mappings).toHaveLength(1)
    expect(mappings[0]?.Properties).toMatchObject({
      BatchSize: 100,
      MaximumBatchingWindowInSeconds: 0,
      ParallelizationFactor: 2,
      BisectBatchOnFunctionError: true,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      StartingPosition: 'TRIM_HORIZON',
      MaximumRecordAgeInSeconds: 21_600,
      MaximumRetryAttempts: 100,
    })
    const { DestinationConfig } =
      ofType({ resources: settle(hub.resources) }, 'AWS::Lambda::EventSourceMapping')[0]?.Properties ?? {}
    expect(DestinationConfig.OnFailure.Destination).toMatch(/^arn:aws:s3:::taskurai-main-/)
  })

  test('can be worked on by more at once', () => {
    const [mapping] = ofType(synthHub({ reactorParallelization: 4 }), 'AWS::Lambda::EventSourceMapping')
    expect(mapping?.Properties.ParallelizationFactor).toBe(4)
  })

  const id = '01ARZ3NDEKTSV4RRFFQ69G5FAV'
  const head = headKey(id)
  test.each([
    ['a head that is new', 'INSERT', head.sk, true],
    ['a head that moved', 'MODIFY', head.sk, true],
    ['a head that is gone', 'REMOVE', head.sk, true],
    ['a signal', 'INSERT', 'SIG#approved#1', true],
    ['a signal that was taken', 'MODIFY', 'SIG#approved#1', false],
    ['a body', 'INSERT', 'BODY#b', false],
    ['an outcome', 'INSERT', 'OUT#b#r', false],
    ['a directory row', 'INSERT', rowSk(0, id), false],
    ['a fleet', 'MODIFY', fleetKey('mill').sk, false],
    ['a worker in the registry', 'INSERT', registryKey('mill').sk, false],
  ])('shows the reactor %s (%s %s): %s', (_, eventName, sk, expected) => {
    expect(rowPk('command:x', 0, '2026-11')).not.toBe('')
    const [mapping] = ofType(hub, 'AWS::Lambda::EventSourceMapping')
    const patterns = mapping?.Properties.FilterCriteria.Filters.map(({ Pattern }: { Pattern: string }) =>
      JSON.parse(Pattern),
    )
    const record = { eventName, dynamodb: { Keys: { pk: { S: head.pk }, sk: { S: sk } } } }
    expect(patterns.some((pattern: unknown) => fits(pattern, record))).toBe(expected)
  })
})

/** As Lambda filters: an object by its keys, a list by any of its values or prefixes. */
function fits(pattern: unknown, value: unknown): boolean {
  if (Array.isArray(pattern)) {
    return pattern.some((each) => (typeof each === 'string' ? each === value : String(value).startsWith(each.prefix)))
  }
  return Object.entries(pattern as object).every(([key, inner]) => fits(inner, (value as Record<string, unknown>)[key]))
}

describe('the clock', () => {
  test('is woken each minute, and a lost or failed tick is not made up for', () => {
    const { resources } = synthHub()
    const settled = { resources: settle(resources) }
    const rule = ofType(settled, 'AWS::Events::Rule').find(
      ({ Properties }) => Properties.ScheduleExpression !== undefined,
    )
    const clock = 'arn:aws:lambda:eu-central-1:111122223333:function:taskurai-main-clock'
    expect(rule?.Properties).toMatchObject({
      ScheduleExpression: 'rate(1 minute)',
      State: 'ENABLED',
      Targets: [{ Arn: clock, RetryPolicy: { MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 } }],
    })
    const invoke = ofType(settled, 'AWS::Lambda::EventInvokeConfig').map(({ Properties }) => Properties)
    expect(invoke).toContainEqual(
      expect.objectContaining({
        FunctionName: 'taskurai-main-clock',
        MaximumRetryAttempts: 0,
        MaximumEventAgeInSeconds: 60,
      }),
    )
  })

  test('hears of each instance of its cluster that stopped, as does a log that is kept for a month', () => {
    const settled = { resources: settle(synthHub().resources) }
    const rule = ofType(settled, 'AWS::Events::Rule').find(({ Properties }) => Properties.EventPattern !== undefined)
    expect(rule?.Properties.EventPattern).toEqual({
      source: ['aws.ecs'],
      'detail-type': ['ECS Task State Change'],
      detail: { clusterArn: ['arn:aws:ecs:eu-central-1:111122223333:cluster/taskurai-main'], lastStatus: ['STOPPED'] },
    })
    expect(rule?.Properties.Targets).toMatchObject([
      { Arn: 'arn:aws:logs:eu-central-1:111122223333:log-group:/aws/events/taskurai/main/instances' },
      {
        Arn: 'arn:aws:lambda:eu-central-1:111122223333:function:taskurai-main-clock',
        DeadLetterConfig: { Arn: 'arn:aws:sqs:eu-central-1:111122223333:taskurai-main_attention' },
      },
    ])
    const [policy] = ofType(settled, 'AWS::Logs::ResourcePolicy')
    expect(JSON.parse(policy?.Properties.PolicyDocument).Statement).toMatchObject([
      {
        Resource: 'arn:aws:logs:eu-central-1:111122223333:log-group:/aws/events/taskurai/main/instances:*',
        Condition: {
          ArnEquals: { 'aws:SourceArn': 'arn:aws:events:eu-central-1:111122223333:rule/taskurai-main-stops' },
        },
      },
    ])
  })
})

test('events that make no task end in the attention queue', () => {
  const settled = { resources: settle(synthHub().resources) }
  const invoke = ofType(settled, 'AWS::Lambda::EventInvokeConfig').map(({ Properties }) => Properties)
  expect(invoke).toContainEqual(
    expect.objectContaining({
      FunctionName: 'taskurai-main-intake',
      DestinationConfig: {
        OnFailure: { Destination: 'arn:aws:sqs:eu-central-1:111122223333:taskurai-main_attention' },
      },
    }),
  )
})
