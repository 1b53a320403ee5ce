import { DescribeTasksCommand, type ECSClient, type Task } from '@aws-sdk/client-ecs'
import { type EcsLaunch, generationOf } from '#core/contract/ecs-launch'
import type { EcsStop } from '#core/workers/ecs-stop'
import type { CheckLook, CheckRuns } from '#core/workers/revisions'
import { isAway, unavailable } from '../aws/away.ts'
import { type EcsLauncherOptions, startedBy } from './launcher.ts'
import { runTask } from './run-task.ts'

export function createEcsCheckRuns({ client, hub }: EcsLauncherOptions): CheckRuns {
  return {
    start: async ({ worker, launch, token }) => {
      const outcome = await runTask(client, {
        worker,
        launch,
        token,
        count: 1,
        generation: generationOf(launch.taskDefinition),
        // By this name its end is told from that of an instance.
        startedBy: startedBy(hub, 'check'),
        // Short, and not to be taken away in the middle.
        isOnSpot: false,
        environment: { TASKURAI_CHECK: '1' },
      })
      if (outcome.kind === 'unknown') return outcome
      const [task] = outcome.tasks
      if (task !== undefined) return { kind: 'started', task }
      const silent = { reason: 'other', message: 'ECS started no instance and does not say why' } as const
      return { kind: 'refused', ...(outcome.refused[0] ?? silent) }
    },
    look: async (launch, task) => {
      const { tasks = [] } = await describe(client, launch, task)
      const [found] = tasks
      return found === undefined ? { kind: 'absent' } : lookOf(found, launch)
    },
  }
}

async function describe(client: ECSClient, { cluster }: EcsLaunch, task: string) {
  try {
    return await client.send(new DescribeTasksCommand({ cluster, tasks: [task] }))
  } catch (error) {
    throw isAway(error) ? unavailable(error, 'the check run') : error
  }
}

function lookOf(task: Task, { container }: EcsLaunch): CheckLook {
  if (task.lastStatus !== 'STOPPED') return { kind: 'going', status: task.lastStatus ?? 'PROVISIONING' }
  const own = task.containers?.find(({ name }) => name === container)
  const stop: EcsStop = {
    stopCode: task.stopCode,
    stoppedReason: task.stoppedReason,
    exitCode: own?.exitCode,
    containerReason: own?.reason,
  }
  return { kind: 'stopped', stop }
}
