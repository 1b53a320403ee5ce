import type { NewSubTask } from '#core/contract/steps'
import type { ChildSpec } from '#core/flow/create-children'
import { createTask } from '#core/tasks/create'
import type { World } from '#core/world'
import type { CheckSubTasks } from '#functions/worker-protocol/flow-calls'
import { command, worker } from '../simulation.ts'
import { runsOnCancel, type SubTaskPlan } from './script.ts'

/** The door for sub tasks without its checks: there is one command, and it takes everything. */
export function createDoor(world: World): CheckSubTasks {
  return async ({ by, tasks }) =>
    tasks.map(({ onParentEnd = 'cancel', ...task }): ChildSpec => {
      const requestHash = world.ids.sha256(JSON.stringify(task))
      const asked = { worker, name: command, version: 1, runsOnCancel: runsOnCancel(task.arguments) }
      const created = { task, command: asked, by, argumentsBytes: 60, requestHash }
      return {
        requestHash,
        onParentEnd,
        create: (id, flow) => createTask(world, { ...created, id, flow }),
      }
    })
}

/** As a run asks for it, the same in every run of its parent's era. `change`: a retry by hand gives other arguments. */
export function subTaskOf({ script, onParentEnd, retentionSeconds }: SubTaskPlan, change: number): NewSubTask {
  return {
    command,
    arguments: { change, ...(script === undefined ? {} : { script }) },
    leaseSeconds: 30,
    retry: { maxRuns: 2, minSeconds: 1, maxSeconds: 1_000, factor: 2, jitter: 'full' },
    onParentEnd,
    ...(retentionSeconds === undefined ? {} : { retentionSeconds }),
  }
}
