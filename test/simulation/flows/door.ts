import type { Json } from '#core/contract/names'
import type { ChildSpec } from '#core/flow/create-children'
import { createTask } from '#core/tasks/create'
import type { World } from '#core/world'
import type { CheckSubTasks } from '#functions/worker-protocol/flow-calls'
import { command, worker } from '../simulation.ts'

/** The door for sub tasks without its checks: there is one command, and it takes everything. */
export function createDoor(world: World): CheckSubTasks {
  return async ({ by, tasks }) =>
    tasks.map(({ onParentEnd = 'cancel', ...task }): ChildSpec => {
      const requestHash = world.ids.sha256(JSON.stringify(task))
      const created = { task, command: { worker, name: command, version: 1 }, by, argumentsBytes: 60, requestHash }
      return {
        requestHash,
        onParentEnd,
        create: (id, flow) => createTask(world, { ...created, id, flow }),
      }
    })
}

export function argumentsOfChild(script: number | undefined, change: number): Json {
  return { ...(script === undefined ? {} : { script }), change }
}
