import type { ECSClient } from '@aws-sdk/client-ecs'
import { EcsLaunch } from '#core/contract/ecs-launch'
import type { Launcher, LaunchOutcome, LaunchRefusal } from '#core/ports'
import { type RunAsk, type RunOutcome, runTask, tasksOfOneCall } from './run-task.ts'

/**
 * Starts instances on Fargate. Nothing here ever stops one (aws.md A1).
 *
 * Invariants:
 * 1. A decision makes the same calls with the same tokens however often it is asked for: it starts once (protocol 34).
 * 2. Each call has a token of its own, made of the decision's, and so has what runs on demand in place of Spot.
 * 3. What has been started is told, also where the rest was refused. As long as one call has no answer, none is told.
 */
export interface EcsLauncherOptions {
  readonly client: ECSClient
  readonly hub: string
}

type Decision = Parameters<Launcher['launch']>[0]

export function createEcsLauncher({ client, hub }: EcsLauncherOptions): Launcher {
  return {
    launch: async (decision) => {
      const parsed = EcsLaunch.safeParse(decision.spec)
      if (!parsed.success) return refused('the worker is registered without saying how ECS starts it; deploy it again')
      return launchAll(client, decision, (call, count) => ({
        worker: decision.worker,
        launch: parsed.data,
        count,
        startedBy: startedBy(hub, decision.generation),
        generation: decision.generation,
        token: `${decision.token}-${call}`,
        isOnSpot: parsed.data.capacity !== 'on-demand',
      }))
    },
  }
}

async function launchAll(
  client: ECSClient,
  { count }: Decision,
  askOf: (call: number, count: number) => RunAsk,
): Promise<LaunchOutcome> {
  const launches: string[] = []
  const refused: LaunchRefusal[] = []
  for (let call = 0; call * tasksOfOneCall < count; call++) {
    const ask = askOf(call, Math.min(tasksOfOneCall, count - call * tasksOfOneCall))
    const outcome = await runWithFallback(client, ask)
    if (outcome.kind === 'unknown') return outcome
    launches.push(...outcome.tasks)
    refused.push(...outcome.refused)
    // The next call would hear the same.
    if (outcome.refused.length > 0) break
  }
  return { kind: 'launched', launches, refused }
}

/** Where both are allowed, what Spot does not give runs on demand at once. */
async function runWithFallback(client: ECSClient, ask: RunAsk): Promise<RunOutcome> {
  const onFirst = await runTask(client, ask)
  if (onFirst.kind === 'unknown' || onFirst.tasks.length >= ask.count) return onFirst
  const isForSpot = onFirst.refused.every(({ reason }) => reason === 'capacity' || reason === 'quota')
  // A repeat may tell what was started and no more why the rest was not, so missing ones are enough.
  if (ask.launch.capacity !== 'spot-then-on-demand' || !isForSpot) return explained(ask, onFirst)
  const rest = { ...ask, count: ask.count - onFirst.tasks.length, token: `${ask.token}-od`, isOnSpot: false }
  const onDemand = await runTask(client, rest)
  if (onDemand.kind === 'unknown') return onDemand
  return explained(ask, { ...onDemand, tasks: [...onFirst.tasks, ...onDemand.tasks] })
}

function explained(ask: RunAsk, outcome: Extract<RunOutcome, { kind: 'answered' }>): RunOutcome {
  const { tasks, refused } = outcome
  if (tasks.length >= ask.count || refused.length > 0) return outcome
  const message = `ECS started ${tasks.length} of ${ask.count} and does not say why no more`
  return { ...outcome, refused: [{ reason: 'other', message }] }
}

const startedByCharsMost = 128

/** ECS takes letters, digits, hyphens, slashes and underscores. (36 characters once, 128 today, says its API.) */
export function startedBy(hub: string, what: string): string {
  return `taskurai/${hub}/${what.replace(':', '/').replace(/[^A-Za-z0-9/_-]/g, '_')}`.slice(0, startedByCharsMost)
}

function refused(message: string): LaunchOutcome {
  return { kind: 'launched', launches: [], refused: [{ reason: 'other', message }] }
}
