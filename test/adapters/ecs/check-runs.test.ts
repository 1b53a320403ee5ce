import { describe, expect, it } from 'vitest'
import { createEcsCheckRuns } from '#adapters/ecs/check-runs'
import { createEcsClient } from '#adapters/ecs/client'
import type { EcsLaunch } from '#core/contract/ecs-launch'
import { type FakeEcs, startFakeEcs } from '../../support/engines/fake-ecs.ts'

const launch: EcsLaunch = {
  kind: 'ecs',
  cluster: 'taskurai-acme',
  taskDefinition: 'arn:aws:ecs:eu-west-1:111122223333:task-definition/acme-mill:7',
  container: 'worker',
  subnets: ['subnet-1'],
  securityGroups: ['sg-1'],
  assignPublicIp: false,
  capacity: 'spot',
}
const ask = { worker: 'mill', launch, token: 'c0ffee' }

function checkRunsOf(ecs: FakeEcs) {
  return createEcsCheckRuns({ client: createEcsClient({ ...ecs.settings, maxAttempts: 1 }), hub: 'acme' })
}

describe('a check run', () => {
  it('is one instance on demand that is told what it is, under a name that is no generation', async () => {
    await using ecs = await startFakeEcs()
    const started = await checkRunsOf(ecs).start(ask)
    const [task] = ecs.tasks.values()
    expect(started).toEqual({ kind: 'started', task: task?.taskArn })
    expect(task).toMatchObject({ isOnSpot: false, container: 'worker', environment: { TASKURAI_CHECK: '1' } })
    expect(ecs.runs()).toMatchObject([
      { count: 1, group: 'mill', startedBy: 'taskurai/acme/check', clientToken: 'c0ffee' },
    ])
  })

  it('is started once for a token, also when the answer was lost', async () => {
    await using ecs = await startFakeEcs()
    ecs.fates.push({ kind: 'answer-lost' })
    const checkRuns = checkRunsOf(ecs)
    expect((await checkRuns.start(ask)).kind).toBe('unknown')
    const [task] = ecs.tasks.keys()
    expect(await checkRuns.start(ask)).toEqual({ kind: 'started', task })
    expect(ecs.tasks.size).toBe(1)
  })

  it('that is refused says why', async () => {
    await using ecs = await startFakeEcs()
    ecs.fates.push({ kind: 'error', type: 'ClientException', message: "ECS was unable to assume the role 'r'" })
    ecs.fates.push(
      { kind: 'room', most: 0, reason: 'Capacity is unavailable at this time.' },
      { kind: 'room', most: 0 },
    )
    const checkRuns = checkRunsOf(ecs)
    expect(await checkRuns.start(ask)).toMatchObject({ kind: 'refused', reason: 'role' })
    expect(await checkRuns.start(ask)).toMatchObject({ kind: 'refused', reason: 'capacity' })
    expect(await checkRuns.start(ask)).toMatchObject({ kind: 'refused', reason: 'other' })
  })

  it('is looked at until it stops', async () => {
    await using ecs = await startFakeEcs()
    const checkRuns = checkRunsOf(ecs)
    await checkRuns.start(ask)
    const [task = ''] = ecs.tasks.keys()
    expect(await checkRuns.look(launch, task)).toEqual({ kind: 'going', status: 'RUNNING' })
    ecs.stopped(task, {
      exitCode: 5,
      stopCode: 'EssentialContainerExited',
      stoppedReason: 'Essential container exited',
    })
    expect(await checkRuns.look(launch, task)).toEqual({
      kind: 'stopped',
      stop: { exitCode: 5, stopCode: 'EssentialContainerExited', stoppedReason: 'Essential container exited' },
    })
    expect(await checkRuns.look(launch, `${task}x`)).toEqual({ kind: 'absent' })
  })

  it('that cannot be looked at since ECS is away is an unavailable', async () => {
    const ecs = await startFakeEcs()
    await ecs[Symbol.asyncDispose]()
    await expect(checkRunsOf(ecs).look(launch, 'task')).rejects.toMatchObject({ code: 'unavailable' })
  })
})
