import { describe, expect, it } from 'vitest'
import { createEcsClient } from '#adapters/ecs/client'
import { createEcsLauncher } from '#adapters/ecs/launcher'
import type { EcsLaunch } from '#core/contract/ecs-launch'
import type { Launcher } from '#core/ports'
import { type FakeEcs, startFakeEcs } from '../../support/engines/fake-ecs.ts'

const spec: EcsLaunch = {
  kind: 'ecs',
  cluster: 'taskurai-acme',
  taskDefinition: 'arn:aws:ecs:eu-west-1:111122223333:task-definition/acme-mill:7',
  container: 'worker',
  subnets: ['subnet-1', 'subnet-2'],
  securityGroups: ['sg-1'],
  assignPublicIp: true,
  capacity: 'on-demand',
}
const token = 'f00d'.repeat(8)

function decisionOf(count: number, changes: Partial<EcsLaunch> = {}): Parameters<Launcher['launch']>[0] {
  return { worker: 'mill', generation: 'acme-mill:7', token, count, spec: { ...spec, ...changes } }
}

/** One try a call: what the SDK's own repeats would hide can be seen. */
function launcherOf(ecs: FakeEcs, triesMost = 1): Launcher {
  return createEcsLauncher({ client: createEcsClient({ ...ecs.settings, maxAttempts: triesMost }), hub: 'acme' })
}

const noRoom = 'Capacity is unavailable at this time. Please try again later or in a different availability zone'
const noQuota = 'You’ve reached the limit on the number of vCPUs you can run concurrently'

describe('a launch', () => {
  it('asks for all that people look for in the console, and for nothing that the revision says', async () => {
    await using ecs = await startFakeEcs()
    const outcome = await launcherOf(ecs).launch(decisionOf(1))
    expect(outcome).toEqual({ kind: 'launched', launches: [...ecs.tasks.keys()], refused: [] })
    expect(ecs.runs()).toEqual([
      {
        cluster: 'taskurai-acme',
        taskDefinition: spec.taskDefinition,
        count: 1,
        launchType: 'FARGATE',
        networkConfiguration: {
          awsvpcConfiguration: {
            subnets: ['subnet-1', 'subnet-2'],
            securityGroups: ['sg-1'],
            assignPublicIp: 'ENABLED',
          },
        },
        group: 'mill',
        startedBy: 'taskurai/acme/acme-mill/7',
        tags: [{ key: 'taskurai:generation', value: 'acme-mill:7' }],
        propagateTags: 'TASK_DEFINITION',
        enableECSManagedTags: true,
        clientToken: `${token}-0`,
      },
    ])
  })

  it('goes out in calls of ten, each with a token of its own', async () => {
    await using ecs = await startFakeEcs()
    const outcome = await launcherOf(ecs).launch(decisionOf(25))
    expect(outcome.kind === 'launched' && outcome.launches.length).toBe(25)
    expect(ecs.runs().map(({ count, clientToken }) => [count, clientToken])).toEqual([
      [10, `${token}-0`],
      [10, `${token}-1`],
      [5, `${token}-2`],
    ])
  })

  it('asked for again, by whoever and however often, starts once and tells the same', async () => {
    await using ecs = await startFakeEcs()
    const first = await launcherOf(ecs).launch(decisionOf(12))
    const again = await launcherOf(ecs).launch(JSON.parse(JSON.stringify(decisionOf(12))))
    expect(again).toEqual(first)
    expect(ecs.tasks.size).toBe(12)
  })

  it('whose answer was lost is unknown, and tells all when it is asked for again', async () => {
    await using ecs = await startFakeEcs()
    ecs.fates.push({ kind: 'room', most: 10 }, { kind: 'answer-lost' })
    const launcher = launcherOf(ecs)
    expect((await launcher.launch(decisionOf(12))).kind).toBe('unknown')
    expect(ecs.tasks.size).toBe(12)
    const again = await launcher.launch(decisionOf(12))
    expect(again).toEqual({ kind: 'launched', launches: [...ecs.tasks.keys()], refused: [] })
    expect(ecs.tasks.size).toBe(12)
  })

  it('whose answer was lost is repeated by the client itself, under the same token', async () => {
    await using ecs = await startFakeEcs()
    ecs.fates.push({ kind: 'answer-lost' })
    const outcome = await launcherOf(ecs, 3).launch(decisionOf(2))
    expect(outcome).toEqual({ kind: 'launched', launches: [...ecs.tasks.keys()], refused: [] })
    expect(ecs.runs()).toHaveLength(2)
    expect(ecs.tasks.size).toBe(2)
  })

  it.each([
    ['a throttling', { type: 'ThrottlingException', message: 'Rate exceeded' }],
    [
      'trouble inside ECS',
      { type: 'ServerException', message: 'Service Unavailable. Please try again later.', status: 500 },
    ],
  ])('is unknown after %s: the try before it may have been carried out', async (_, error) => {
    await using ecs = await startFakeEcs()
    ecs.fates.push({ kind: 'error', ...error })
    const outcome = await launcherOf(ecs).launch(decisionOf(1))
    expect(outcome).toMatchObject({ kind: 'unknown', message: expect.stringContaining(error.message) })
  })

  it('is unknown when nobody is there', async () => {
    const ecs = await startFakeEcs()
    await ecs[Symbol.asyncDispose]()
    expect((await launcherOf(ecs).launch(decisionOf(1))).kind).toBe('unknown')
  })

  it('that was made with other parameters, by an older hub, tells what that one started', async () => {
    await using ecs = await startFakeEcs()
    const first = await launcherOf(ecs).launch(decisionOf(2))
    const again = await launcherOf(ecs).launch(decisionOf(2, { subnets: ['subnet-3'] }))
    expect(again).toEqual(first)
    expect(ecs.tasks.size).toBe(2)
  })

  it('of which a part was started tells that part, and asks for no more', async () => {
    await using ecs = await startFakeEcs()
    ecs.fates.push({ kind: 'room', most: 10 }, { kind: 'room', most: 3, reason: noRoom })
    const outcome = await launcherOf(ecs).launch(decisionOf(30))
    expect(outcome).toMatchObject({ launches: [...ecs.tasks.keys()], refused: [{ reason: 'capacity' }] })
    expect(ecs.tasks.size).toBe(13)
    expect(ecs.runs()).toHaveLength(2)
  })

  it('of which a part was started without a word about the rest says that', async () => {
    await using ecs = await startFakeEcs()
    ecs.fates.push({ kind: 'room', most: 1 })
    expect(await launcherOf(ecs).launch(decisionOf(4))).toMatchObject({
      launches: [...ecs.tasks.keys()],
      refused: [{ reason: 'other', message: 'ECS started 1 of 4 and does not say why no more' }],
    })
  })

  it('of a worker that was registered in another way is refused in words', async () => {
    await using ecs = await startFakeEcs()
    const outcome = await launcherOf(ecs).launch({ ...decisionOf(1), spec: { module: '/srv/mill.js' } })
    expect(outcome).toMatchObject({ launches: [], refused: [{ message: expect.stringContaining('deploy it again') }] })
    expect(ecs.calls).toEqual([])
  })
})

describe('Spot', () => {
  it('is asked for as a capacity provider', async () => {
    await using ecs = await startFakeEcs()
    await launcherOf(ecs).launch(decisionOf(1, { capacity: 'spot' }))
    const [run] = ecs.runs()
    expect(run).toMatchObject({ capacityProviderStrategy: [{ capacityProvider: 'FARGATE_SPOT', weight: 1 }] })
    expect(run).not.toHaveProperty('launchType')
  })

  it('alone that is refused is refused', async () => {
    await using ecs = await startFakeEcs()
    ecs.fates.push({ kind: 'room', most: 0, reason: noRoom })
    const outcome = await launcherOf(ecs).launch(decisionOf(2, { capacity: 'spot' }))
    expect(outcome).toMatchObject({ launches: [], refused: [{ reason: 'capacity' }] })
  })

  it.each([
    ['no room', noRoom],
    ['the Spot quota', noQuota],
  ])('that is refused for %s runs the rest on demand at once, under a token of its own', async (_, reason) => {
    await using ecs = await startFakeEcs()
    ecs.fates.push({ kind: 'room', most: 3, reason })
    const decision = decisionOf(10, { capacity: 'spot-then-on-demand' })
    const outcome = await launcherOf(ecs).launch(decision)
    expect(outcome).toEqual({ kind: 'launched', launches: [...ecs.tasks.keys()], refused: [] })
    expect([...ecs.tasks.values()].filter(({ isOnSpot }) => isOnSpot)).toHaveLength(3)
    expect(ecs.runs().map(({ count, clientToken }) => [count, clientToken])).toEqual([
      [10, `${token}-0`],
      [7, `${token}-0-od`],
    ])
    expect(await launcherOf(ecs).launch(decision)).toEqual(outcome)
    expect(ecs.tasks.size).toBe(10)
  })

  it('that is refused for what on demand would be refused for too is not tried twice', async () => {
    await using ecs = await startFakeEcs()
    ecs.fates.push({ kind: 'error', type: 'AccessDeniedException', message: 'not authorized to perform: iam:PassRole' })
    const outcome = await launcherOf(ecs).launch(decisionOf(1, { capacity: 'spot-then-on-demand' }))
    expect(outcome).toMatchObject({ launches: [], refused: [{ reason: 'role' }] })
    expect(ecs.runs()).toHaveLength(1)
  })

  it('without room on demand either says so', async () => {
    await using ecs = await startFakeEcs()
    ecs.fates.push({ kind: 'room', most: 1, reason: noRoom }, { kind: 'room', most: 0, reason: noQuota })
    const outcome = await launcherOf(ecs).launch(decisionOf(3, { capacity: 'spot-then-on-demand' }))
    expect(outcome).toMatchObject({ launches: [...ecs.tasks.keys()], refused: [{ reason: 'quota' }] })
  })
})

describe('a refusal', () => {
  it.each([
    ['capacity', noRoom],
    ['quota', noQuota],
    ['quota', "You've reached the limit on the number of tasks you can run concurrently"],
    ['quota', 'The requested CPU configuration is above your limit.'],
    ['quota', 'The requested MEMORY configuration is above your limit.'],
    ['rate', 'Rate exceeded'],
    ['network', 'Internal error.'],
    ['network', 'InsufficientFreeAddressesInSubnet'],
  ] as const)('among the failures is named: %s, %s', async (reason, says) => {
    await using ecs = await startFakeEcs()
    ecs.fates.push({ kind: 'room', most: 0, reason: says })
    expect(await launcherOf(ecs).launch(decisionOf(1))).toMatchObject({
      kind: 'launched',
      launches: [],
      refused: [{ reason, message: expect.stringContaining(says) }],
    })
  })

  it.each([
    [
      'role',
      'AccessDeniedException',
      'User: arn:aws:sts::1:assumed-role/r/s is not authorized to perform: ecs:RunTask',
    ],
    ['role', 'ClientException', "ECS was unable to assume the role 'arn:aws:iam::1:role/taskurai/acme/workers/mill'"],
    [
      'rate',
      'InvalidParameterException',
      'Error retrieving security group information for [sg-1]: Request limit exceeded.',
    ],
    ['network', 'InvalidParameterException', "The subnet ID 'subnet-1' does not exist"],
    ['network', 'InvalidParameterException', "The security group 'sg-1' does not exist"],
    ['other', 'ClusterNotFoundException', 'Cluster not found.'],
    ['other', 'ClientException', 'TaskDefinition is inactive'],
    ['other', 'PlatformUnknownException', 'The specified platform version does not exist.'],
    ['other', 'BlockedException', 'Your account was blocked.'],
  ] as const)('as an error is named: %s, %s', async (reason, type, message) => {
    await using ecs = await startFakeEcs()
    ecs.fates.push({ kind: 'error', type, message })
    expect(await launcherOf(ecs).launch(decisionOf(1))).toMatchObject({
      kind: 'launched',
      launches: [],
      refused: [{ reason, message: expect.stringContaining(message) }],
    })
  })

  it('for a quota names what to request', async () => {
    await using ecs = await startFakeEcs()
    ecs.fates.push({ kind: 'room', most: 0, reason: noQuota })
    const outcome = await launcherOf(ecs).launch(decisionOf(1))
    expect(JSON.stringify(outcome)).toContain('Fargate On-Demand vCPU resource count')
  })
})
