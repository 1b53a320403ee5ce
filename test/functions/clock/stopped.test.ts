import { describe, expect, it } from 'vitest'
import { createEcsLauncher } from '#adapters/ecs/launcher'
import type { EcsLaunch } from '#core/contract/ecs-launch'
import { Manifest } from '#core/contract/manifest'
import type { Launcher } from '#core/ports'
import { type Fleet, readFleet, readInstances } from '#core/workers/fleet'
import { registerInstance } from '#core/workers/instances'
import { putWorker } from '#core/workers/put-worker'
import { scaleWorker } from '#core/workers/scale-worker'
import { waitingFor } from '#core/workers/view'
import { hearStop } from '#functions/clock/stopped'
import { created } from '../../core/tasks/fixtures.ts'
import { type FakeEcs, type FakeStop, startFakeEcs } from '../../support/engines/fake-ecs.ts'
import { createMemoryWorld, type MemoryWorld } from '../../support/memory-world.ts'

const launch: EcsLaunch = {
  kind: 'ecs',
  cluster: 'taskurai-acme',
  taskDefinition: 'arn:aws:ecs:eu-west-1:111122223333:task-definition/acme-mill:7',
  container: 'worker',
  subnets: ['subnet-1'],
  securityGroups: ['sg-1'],
  assignPublicIp: true,
  capacity: 'spot-then-on-demand',
}
const manifest = Manifest.parse({ name: 'mill', commands: [{ name: 'mill.grind' }] })

/** A hub whose worker has one waiting task and one instance on its way. */
class Mill implements AsyncDisposable {
  readonly world: MemoryWorld
  readonly ecs: FakeEcs
  readonly launcher: Launcher

  private constructor(ecs: FakeEcs) {
    this.world = createMemoryWorld()
    this.ecs = ecs
    this.launcher = createEcsLauncher({ client: ecs.client, hub: 'acme' })
  }

  static async open(): Promise<Mill> {
    const mill = new Mill(await startFakeEcs())
    await putWorker(mill.world, { manifest, launch, generation: 'acme-mill:7', by: 'ann' })
    await created(mill.world)
    await scaleWorker(mill.world, mill.launcher, { worker: 'mill', recordBells: 1 })
    return mill
  }

  /** The last that was launched. */
  task(): string {
    return [...this.ecs.tasks.keys()].at(-1) ?? ''
  }

  register(): Promise<unknown> {
    const { world } = this
    const named = { worker: 'mill', generation: 'acme-mill:7', concurrency: 1 }
    return registerInstance(world, { ...named, instance: world.ids.token(), launch: this.task() })
  }

  event(stop: Partial<FakeStop>, task = this.task()): unknown {
    return this.ecs.stopped(task, { at: new Date(this.world.clock.now()), ...stop })
  }

  /** Told by EventBridge. Time passes for a look that comes too early. */
  async hear(event: unknown) {
    const [heard] = await Promise.all([
      hearStop(this.world, this.launcher, event, { hub: 'acme' }),
      this.world.clock.advance(1_000),
    ])
    return heard
  }

  async fleet(): Promise<Fleet> {
    const read = await readFleet(this.world, 'mill')
    if (read === undefined) throw new Error('no fleet')
    return read.fleet
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve(this.ecs[Symbol.asyncDispose]())
  }
}

describe('an instance that stopped', () => {
  it.each<[string, Partial<FakeStop>, string]>([
    ['a crash', { exitCode: 1, stopCode: 'EssentialContainerExited' }, 'exit code 1'],
    [
      'out of memory',
      { exitCode: 137, containerReason: 'OutOfMemoryError: Container killed due to memory usage' },
      'out of memory (exit code 137): give the worker more memory or less concurrency',
    ],
    ['killed without a word', { exitCode: 137 }, 'killed (exit code 137), most likely out of memory'],
    ['an end that looks fine', { exitCode: 0, stopCode: 'EssentialContainerExited' }, 'exit code 0'],
    [
      'an image that is not there',
      { stopCode: 'TaskFailedToStart', stoppedReason: 'CannotPullContainerError: pull image manifest: not found' },
      'its image cannot be started',
    ],
    [
      'a network that leads nowhere',
      {
        stopCode: 'TaskFailedToStart',
        stoppedReason: 'ResourceInitializationError: unable to pull secrets or registry auth: dial tcp: i/o timeout',
      },
      'a public address',
    ],
    [
      'an execution role that may not',
      {
        stopCode: 'TaskFailedToStart',
        stoppedReason: 'ResourceInitializationError: AccessDeniedException: is not authorized to perform: ecr:GetX',
      },
      'a role lacks a right',
    ],
  ])('before it was ready is a failed start that says why: %s', async (_, stop, reason) => {
    await using mill = await Mill.open()
    await mill.hear(mill.event(stop))
    expect((await mill.fleet()).breaker).toMatchObject({ failures: 1, reason: expect.stringContaining(reason) })
    expect((await mill.fleet()).stops).toMatchObject([{ ready: false, reason: expect.stringContaining(reason) }])
  })

  it.each<[string, Partial<FakeStop>, string]>([
    ['Spot', { stopCode: 'SpotInterruption', exitCode: 137, stoppedReason: 'Your Spot Task was interrupted.' }, 'Spot'],
    [
      'retirement',
      {
        stopCode: 'ServiceSchedulerInitiated',
        stoppedReason: 'ECS is performing maintenance on the underlying infrastructure hosting the task.',
        exitCode: 137,
      },
      'interrupted: Fargate retirement',
    ],
    [
      'by hand',
      { stopCode: 'UserInitiated', stoppedReason: 'Task stopped by user', exitCode: 143 },
      'somebody stopped it',
    ],
    ['a broken machine', { stopCode: 'InfrastructureHealth', stoppedReason: 'host lost' }, 'its machine failed'],
  ])(
    'because its machine was taken from it is no failed start, and another is started: %s',
    async (_, stop, reason) => {
      await using mill = await Mill.open()
      await mill.hear(mill.event(stop))
      const fleet = await mill.fleet()
      expect(fleet.breaker).toBeUndefined()
      expect(fleet.stops).toMatchObject([{ how: 'interrupted', reason: expect.stringContaining(reason) }])
      expect(mill.ecs.tasks.size).toBe(2)
    },
  )

  it('after it had registered is gone from the fleet, and what waits hears why it starts another', async () => {
    await using mill = await Mill.open()
    await mill.register()
    const head = await created(mill.world)
    await mill.world.clock.advance(5_000)
    const reclaimed = { stopCode: 'SpotInterruption', stoppedReason: 'Your Spot Task was interrupted.', exitCode: 0 }
    await mill.hear(mill.event(reclaimed))
    expect(await readInstances(mill.world, 'mill')).toEqual([])
    expect(await mill.fleet()).toMatchObject({ stops: [{ ready: true, how: 'interrupted' }] })
    expect((await mill.fleet()).breaker).toBeUndefined()
    expect(mill.ecs.tasks.size).toBeGreaterThan(1)
    expect(await waitingFor(mill.world, head)).toEqual({
      kind: 'starting',
      message: 'an instance of mill is starting; the last one ended: interrupted: Fargate Spot took its machine back',
    })
  })

  it('a second time changes nothing, however late it is told again', async () => {
    await using mill = await Mill.open()
    const task = mill.task()
    const event = mill.event({ exitCode: 1 })
    await mill.hear(event)
    const after = await mill.fleet()
    await mill.hear(event)
    expect(await mill.fleet()).toEqual(after)
    for (let count = 0; count < 25; count++) {
      await mill.world.clock.advance(700_000)
      await scaleWorker(mill.world, mill.launcher, { worker: 'mill', recordBells: 1 })
      await mill.hear(mill.event({ exitCode: 1 }))
    }
    const later = await mill.fleet()
    expect(later.stops).toHaveLength(20)
    expect(later.stops.map((stop) => stop.launch)).not.toContain(task)
    await mill.hear(event)
    expect(await mill.fleet()).toEqual(later)
  })

  it('is counted once though the clock dies in the middle of it', async () => {
    await using mill = await Mill.open()
    await mill.register()
    mill.world.upsets.push('after')
    const event = mill.event({ exitCode: 1 })
    await expect(mill.hear(event)).rejects.toThrow('lost')
    expect(await readInstances(mill.world, 'mill')).toHaveLength(1)
    await mill.hear(event)
    expect(await readInstances(mill.world, 'mill')).toEqual([])
    expect((await mill.fleet()).stops).toMatchObject([{ ready: true }])
    expect((await mill.fleet()).breaker).toBeUndefined()
  })

  it('is a failed start once though the answer of the write that counts it was lost', async () => {
    await using mill = await Mill.open()
    mill.world.upsets.push('after')
    const event = mill.event({ exitCode: 1 })
    await expect(mill.hear(event)).rejects.toThrow('lost')
    await mill.hear(event)
    expect((await mill.fleet()).breaker).toMatchObject({ failures: 1 })
  })

  it('three times before it was ready opens the breaker: 30 s, one on trial, doubling to 10 min', async () => {
    await using mill = await Mill.open()
    const delays: number[] = []
    for (let starts = 1; starts <= 9; starts++) {
      const { breaker } = await mill.fleet()
      const delayMs = Math.max(0, (breaker?.openUntil ?? 0) - mill.world.clock.now())
      if (delayMs > 0) {
        delays.push(Math.round(delayMs / 1_000))
        await mill.world.clock.advance(delayMs - 1)
        const before = await scaleWorker(mill.world, mill.launcher, { worker: 'mill', recordBells: 500 })
        expect(before).toEqual({ kind: 'held', why: 'breaker' })
        await mill.world.clock.advance(1)
        const trial = await scaleWorker(mill.world, mill.launcher, { worker: 'mill', recordBells: 500 })
        expect(trial).toEqual({ kind: 'started', count: 1 })
      }
      expect(mill.ecs.tasks.size).toBe(starts)
      await mill.hear(mill.event({ exitCode: 2, stopCode: 'EssentialContainerExited' }))
    }
    // Each was looked at a second after it stopped.
    expect(delays).toEqual([29, 59, 119, 239, 479, 599])
  })

  it('of an older generation does not count against the new one', async () => {
    await using mill = await Mill.open()
    const newer = { ...launch, taskDefinition: launch.taskDefinition.replace(':7', ':8') }
    await putWorker(mill.world, { manifest, launch: newer, generation: 'acme-mill:8', by: 'ann' })
    await mill.hear(mill.event({ exitCode: 1 }))
    expect((await mill.fleet()).breaker).toBeUndefined()
  })

  it('of a worker that is not there any more is no fault', async () => {
    await using mill = await Mill.open()
    const event = mill.event({ exitCode: 1 }) as { readonly detail: object }
    const heard = await mill.hear({ ...event, detail: { ...event.detail, group: 'none' } })
    expect(heard).toEqual({ kind: 'heard', worker: 'none', reason: 'exit code 1' })
  })
})

describe('what else stops in a cluster', () => {
  it.each<[string, Record<string, unknown>, string]>([
    ['a check run', { startedBy: 'taskurai/acme/check' }, 'check-run'],
    ['an instance of another hub', { startedBy: 'taskurai/acme2/acme2-mill/1' }, 'not-ours'],
    ['a task of a service', { startedBy: 'ecs-svc/9223370545345641169', group: 'service:web' }, 'not-ours'],
    ['a task that nobody claims', { startedBy: undefined, group: 'family:web' }, 'not-ours'],
    ['one that is only about to stop', { lastStatus: 'RUNNING' }, 'not-ours'],
    ['a group that is no worker', { group: 'Not A Worker' }, 'not-ours'],
  ])('is left alone: %s', async (_, detail, why) => {
    await using mill = await Mill.open()
    const before = await mill.fleet()
    const event = mill.event({ exitCode: 1 }) as { readonly detail: object }
    const heard = await mill.hear({ ...event, detail: { ...event.detail, ...detail } })
    expect(heard).toEqual({ kind: 'ignored', why })
    expect(await mill.fleet()).toEqual(before)
  })

  it.each([
    ['nothing', undefined],
    ['a text', 'stopped'],
    ['an event without detail', { time: '2026-01-01T00:00:00Z' }],
  ])('or is not an event at all: %s', async (_, event) => {
    await using mill = await Mill.open()
    expect(await mill.hear(event)).toEqual({ kind: 'ignored', why: 'not-ours' })
  })

  it('a reason of any length is cut, not refused', async () => {
    await using mill = await Mill.open()
    await mill.hear(mill.event({ stopCode: 'TaskFailedToStart', stoppedReason: 'x'.repeat(100_000) }))
    expect((await mill.fleet()).stops[0]?.reason.length).toBeLessThan(501)
  })
})
