import { type EcsLaunch, generationOf } from '#core/contract/ecs-launch'
import { ApiError } from '#core/contract/errors'
import { Manifest } from '#core/contract/manifest'
import { checkKey } from '#core/keys'
import type { EcsStop } from '#core/workers/ecs-stop'
import type { CheckLook, CheckRuns, CheckStart, Revisions } from '#core/workers/revisions'
import type { RegistrarProps } from '#functions/registrar/config'
import { createMemoryWorld, type MemoryWorld } from '../../support/memory-world.ts'

export function taskDefinition(revision: number): string {
  return `arn:aws:ecs:eu-west-1:111122223333:task-definition/acme-mill:${revision}`
}

export function launchOf(revision: number): EcsLaunch {
  return {
    kind: 'ecs',
    cluster: 'taskurai-acme',
    taskDefinition: taskDefinition(revision),
    container: 'worker',
    subnets: ['subnet-1'],
    securityGroups: ['sg-1'],
    assignPublicIp: true,
    capacity: 'on-demand',
  }
}

export function propsOf(revision: number, changes: Partial<RegistrarProps> = {}): RegistrarProps {
  return { worker: 'mill', launch: launchOf(revision), verify: true, ...changes }
}

export function manifestOf(...commands: readonly string[]): Manifest {
  return Manifest.parse({ name: 'mill', commands: commands.map((name) => ({ name })) })
}

/** What a container does when it is started to check itself. */
export interface Container {
  readonly leaves?: unknown
  readonly stop?: EcsStop
  readonly afterMs?: number
}

const well: Container = { leaves: manifestOf('mill.grind'), stop: { exitCode: 0 }, afterMs: 20_000 }

/** ECS as the registrar sees it: starts check runs, and knows revisions. */
export class Account implements CheckRuns, Revisions {
  readonly world: MemoryWorld = createMemoryWorld()
  readonly started: string[] = []
  readonly revisions: string[] = []
  readonly deregistered: string[] = []
  /** What the next starts and looks answer instead. */
  readonly starts: (Exclude<CheckStart, { kind: 'started' }> | 'answer-lost')[] = []
  readonly looks: (CheckLook | 'away' | Error)[] = []
  container: Container = well
  deregisterFails = false
  readonly #tokens = new Map<string, { readonly task: string; readonly atMs: number; readonly container: Container }>()

  readonly start: CheckRuns['start'] = async ({ worker, launch, token }) => {
    const answer = this.starts.shift()
    if (answer !== undefined && answer !== 'answer-lost') return answer
    const known = this.#tokens.get(token)
    const run = known ?? { task: `task-${token}`, atMs: this.world.clock.monotonicMs(), container: this.container }
    this.#tokens.set(token, run)
    if (known === undefined) {
      this.started.push(generationOf(launch.taskDefinition))
      await this.#leave(worker, launch, run.container)
    }
    return answer === 'answer-lost' ? { kind: 'unknown', message: 'timed out' } : { kind: 'started', task: run.task }
  }

  async #leave(worker: string, launch: EcsLaunch, { leaves }: Container): Promise<void> {
    if (leaves === undefined) return
    const { clock, ids, store } = this.world
    const key = checkKey(worker, generationOf(launch.taskDefinition))
    const expiresAt = clock.now() + 86_400_000
    const item = { ...key, born: ids.token(), n: 1, expiresAt, data: { manifest: leaves, at: clock.now() } }
    await store.commit({ write: { kind: 'put', item, condition: { kind: 'any' } } })
  }

  readonly look: CheckRuns['look'] = async (_, task) => {
    const answer = this.looks.shift()
    if (answer === 'away') throw new ApiError('unavailable', 'ECS is away')
    if (answer instanceof Error) throw answer
    if (answer !== undefined) return answer
    const run = [...this.#tokens.values()].find((one) => one.task === task)
    if (run === undefined) return { kind: 'absent' }
    const { stop, afterMs = 20_000 } = run.container
    const ranMs = this.world.clock.monotonicMs() - run.atMs
    return stop === undefined || ranMs < afterMs ? { kind: 'going', status: 'PENDING' } : { kind: 'stopped', stop }
  }

  readonly active: Revisions['active'] = async (family) =>
    this.revisions.filter((revision) => revision.includes(`/${family}:`)).toReversed()

  readonly deregister: Revisions['deregister'] = async (revision) => {
    if (this.deregisterFails) throw new Error('not today')
    this.deregistered.push(generationOf(revision))
    this.revisions.splice(this.revisions.indexOf(revision), 1)
  }

  get parts() {
    return { world: this.world, hub: 'acme', checkRuns: this, revisions: this }
  }

  /** Lets time pass until it is done. */
  async done<Answer>(work: Promise<Answer>): Promise<Answer> {
    let isDone = false
    const over = () => {
      isDone = true
    }
    work.then(over, over)
    for (let seconds = 0; seconds < 2_000 && !isDone; seconds++) await this.world.clock.advance(1_000)
    return work
  }
}
