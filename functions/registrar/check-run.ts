import type { EcsLaunch } from '#core/contract/ecs-launch'
import { ApiError } from '#core/contract/errors'
import type { LaunchRefusal } from '#core/ports'
import { type EcsStop, tellStop } from '#core/workers/ecs-stop'
import type { CheckLook, CheckRuns } from '#core/workers/revisions'
import type { World } from '#core/world'

/**
 * One instance of a new revision is started with TASKURAI_CHECK before anything uses it, so that a deployment of an image
 * that cannot work fails, and says why (aws.md A1 row 1). Nobody may stop it: it ends by itself.
 */
export interface CheckRunAsk {
  readonly hub: string
  readonly worker: string
  readonly generation: string
  readonly launch: EcsLaunch
  /** The same for the same request: who is called twice for it starts one instance. */
  readonly requestId: string
  readonly signal: AbortSignal
}

export type CheckRunOutcome = { readonly ok: true } | { readonly ok: false; readonly reason: string }

export const checkMostMs = 600_000
const lookEveryMs = 4_000
const startMostMs = 120_000
const startAgainMs = 5_000
/** What was just started may not be seen for some seconds. */
const absentMostMs = 60_000

/** Of a worker that was just made: its role, its security groups and their like are known everywhere only after a while. */
const passing: ReadonlySet<LaunchRefusal['reason']> = new Set(['role', 'network', 'rate', 'capacity'])

export async function runCheck(world: World, checkRuns: CheckRuns, ask: CheckRunAsk): Promise<CheckRunOutcome> {
  const startedAtMs = world.clock.monotonicMs()
  const started = await start(world, checkRuns, ask)
  if (!started.ok) return started
  world.log.info('registrar.check-run', { worker: ask.worker, generation: ask.generation, task: started.task })
  const look = await waitForEnd(world, checkRuns, { ...ask, task: started.task, startedAtMs })
  switch (look.kind) {
    case 'stopped':
      return look.stop.exitCode === 0 ? { ok: true } : { ok: false, reason: endedBadly(ask, look.stop) }
    case 'going': {
      const reason = `has not ended within ${checkMostMs / 60_000} minutes (ECS: ${look.status}). ${whereToLook(ask)}`
      return { ok: false, reason: `${name(ask)} ${reason}` }
    }
    case 'absent':
      return { ok: false, reason: `${name(ask)} is not known to ECS any more; deploy again` }
    default:
      return look satisfies never
  }
}

type Started = { readonly ok: true; readonly task: string } | { readonly ok: false; readonly reason: string }

async function start(world: World, checkRuns: CheckRuns, ask: CheckRunAsk): Promise<Started> {
  const { worker, launch, generation, requestId, signal } = ask
  const { clock, ids } = world
  const untilMs = clock.monotonicMs() + startMostMs
  for (let refusals = 0; ; ) {
    const token = ids.sha256(`check ${generation} ${requestId} ${refusals}`).slice(0, 32)
    const outcome = await checkRuns.start({ worker, launch, token })
    if (outcome.kind === 'started') return { ok: true, task: outcome.task }
    const mayPass = outcome.kind === 'unknown' || passing.has(outcome.reason)
    if (!mayPass || clock.monotonicMs() >= untilMs) {
      return { ok: false, reason: `${name(ask)} could not be started: ${outcome.message}` }
    }
    world.log.warn('registrar.check-refused', { worker, generation, ...outcome })
    // Without an answer the same token asks again; what was refused is asked for anew.
    if (outcome.kind === 'refused') refusals++
    await clock.wait(startAgainMs, signal)
  }
}

interface Watched extends CheckRunAsk {
  readonly task: string
  readonly startedAtMs: number
}

async function waitForEnd(world: World, checkRuns: CheckRuns, watched: Watched): Promise<CheckLook> {
  const { clock } = world
  let last: CheckLook = { kind: 'going', status: 'PROVISIONING' }
  for (let seenAtMs = clock.monotonicMs(); clock.monotonicMs() - watched.startedAtMs < checkMostMs; ) {
    await clock.wait(lookEveryMs, watched.signal)
    const look = await lookOnce(world, checkRuns, watched)
    if (look === undefined) continue
    last = look
    if (look.kind === 'stopped') return look
    if (look.kind === 'going') seenAtMs = clock.monotonicMs()
    else if (clock.monotonicMs() - seenAtMs > absentMostMs) return look
  }
  return last
}

/** Undefined: ECS is away, which says nothing of the run. */
async function lookOnce(world: World, checkRuns: CheckRuns, { launch, task }: Watched): Promise<CheckLook | undefined> {
  try {
    return await checkRuns.look(launch, task)
  } catch (error) {
    if (!(error instanceof ApiError && error.code === 'unavailable')) throw error
    world.log.warn('registrar.look-failed', { task, error: String(error) })
    return undefined
  }
}

/** What the exit codes of an instance mean (worker-runtime/link.ts). */
const advice: Readonly<Record<number, string>> = {
  1: 'Its program crashed.',
  2: 'Its module is no worker module, or its environment is not complete.',
  5: "It does not reach the hub's table, queue or bucket: look at its network and its role.",
}

function endedBadly(ask: CheckRunAsk, stop: EcsStop): string {
  const { exitCode } = stop
  const means = exitCode === undefined ? undefined : advice[exitCode]
  return [`${name(ask)} ended badly: ${tellStop(stop).reason}.`, means, whereToLook(ask)].filter(Boolean).join(' ')
}

function name({ worker, generation }: CheckRunAsk): string {
  return `the check run of ${worker} (${generation})`
}

function whereToLook({ hub, worker }: CheckRunAsk): string {
  return `Its own words are in the log group ${workerLogGroupOf(hub, worker)}.`
}

/** As `lib/` names it. */
export function workerLogGroupOf(hub: string, worker: string): string {
  return `/taskurai/${hub}/worker/${worker}`
}
