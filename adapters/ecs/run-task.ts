import { ConflictException, type ECSClient, RunTaskCommand, type RunTaskCommandInput } from '@aws-sdk/client-ecs'
import type { EcsLaunch } from '#core/contract/ecs-launch'
import type { LaunchRefusal } from '#core/ports'
import { refusalOf } from '#core/workers/ecs-reasons'
import { isAway } from '../aws/away.ts'

/** One call of RunTask: how it is asked, and what its answers mean. */

export interface RunAsk {
  readonly worker: string
  readonly launch: EcsLaunch
  readonly count: number
  /** What it is started for, in characters that ECS takes. */
  readonly startedBy: string
  readonly generation: string
  readonly token: string
  readonly isOnSpot: boolean
  /** Beside what the revision itself sets. */
  readonly environment?: Readonly<Record<string, string>>
}

/** ECS starts at most so many by one call. */
export const tasksOfOneCall = 10

/** Of what was asked for: these have been started, and for the rest ECS gave these reasons, if any. */
export type RunOutcome =
  | { readonly kind: 'answered'; readonly tasks: readonly string[]; readonly refused: readonly LaunchRefusal[] }
  | { readonly kind: 'unknown'; readonly message: string }

/**
 * The same ask makes the same request, to the letter: ECS refuses a token that comes with other parameters. Tags of the
 * hub and the worker come with those of the revision; only what the revision cannot know is added.
 */
export function runTaskInput(ask: RunAsk): RunTaskCommandInput {
  const { launch, environment } = ask
  return {
    cluster: launch.cluster,
    taskDefinition: launch.taskDefinition,
    count: ask.count,
    ...(ask.isOnSpot
      ? { capacityProviderStrategy: [{ capacityProvider: 'FARGATE_SPOT', weight: 1 }] }
      : { launchType: 'FARGATE' }),
    networkConfiguration: {
      awsvpcConfiguration: {
        subnets: [...launch.subnets],
        securityGroups: [...launch.securityGroups],
        assignPublicIp: launch.assignPublicIp ? 'ENABLED' : 'DISABLED',
      },
    },
    group: ask.worker,
    startedBy: ask.startedBy,
    tags: [{ key: 'taskurai:generation', value: ask.generation }],
    propagateTags: 'TASK_DEFINITION',
    enableECSManagedTags: true,
    clientToken: ask.token,
    ...(environment === undefined ? {} : { overrides: { containerOverrides: [overrideOf(launch, environment)] } }),
  }
}

function overrideOf({ container }: EcsLaunch, environment: Readonly<Record<string, string>>) {
  return { name: container, environment: Object.entries(environment).map(([name, value]) => ({ name, value })) }
}

export async function runTask(client: ECSClient, ask: RunAsk): Promise<RunOutcome> {
  try {
    const { tasks = [], failures = [] } = await client.send(new RunTaskCommand(runTaskInput(ask)))
    return {
      kind: 'answered',
      tasks: tasks.flatMap(({ taskArn }) => (taskArn === undefined ? [] : [taskArn])),
      refused: failures.map(({ reason, detail }) => refusalOf([reason, detail].filter(Boolean).join(': '))),
    }
  } catch (error) {
    return outcomeOf(error)
  }
}

function outcomeOf(error: unknown): RunOutcome {
  // The token was used, and ECS names what was started with it: another version of this program asked otherwise.
  if (error instanceof ConflictException && (error.resourceIds?.length ?? 0) > 0) {
    return { kind: 'answered', tasks: error.resourceIds ?? [], refused: [] }
  }
  const says = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  // A throttling too: the try before it may have been carried out, and its answer lost.
  if (isAway(error) || !isAnswer(error)) return { kind: 'unknown', message: says }
  return { kind: 'answered', tasks: [], refused: [refusalOf(says)] }
}

/** Whether ECS itself said no. What failed on the way there (no keys, no such host) says nothing about the launch. */
function isAnswer(error: unknown): boolean {
  if (!(error instanceof Error) || !('$fault' in error)) return false
  return error.$fault === 'client'
}
