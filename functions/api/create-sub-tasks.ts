import { ApiError } from '#core/contract/errors'
import { limits } from '#core/contract/limits'
import type { NewSubTask } from '#core/contract/steps'
import { type ChildSpec, depthOf } from '#core/flow/create-children'
import type { Head } from '#core/head'
import { createTask } from '#core/tasks/create'
import type { Principal } from '#core/world'
import { requestHash } from './canonical.ts'
import { checkDependencies } from './check-dependencies.ts'
import { hashedFiles } from './check-files.ts'
import { checkTasks, type Door } from './check-tasks.ts'
import { createWithFiles } from './create-tasks.ts'

/** Sub tasks go through the same door as all tasks: their commands are known, their arguments fit. */
export interface SubTasksAsk {
  readonly parent: Head
  readonly by: Principal
  readonly tasks: readonly NewSubTask[]
}

/** Throws an ApiError that names the places at fault: `/tasks/3/arguments/orderId`. */
export type CheckSubTasks = (ask: SubTasksAsk) => Promise<readonly ChildSpec[]>

export function createCheckSubTasks(door: Door): CheckSubTasks {
  const { world } = door
  return async ({ parent, by, tasks: asked }) => {
    if (depthOf(parent) + 1 >= limits.treeDepth) {
      throw new ApiError('invalid', `sub tasks lie at most ${limits.treeDepth} deep (limit treeDepth)`)
    }
    const at = (index: number) => `/tasks/${index}`
    const tasks = asked.map(({ onParentEnd: _onParentEnd, ...task }) => ({ ...inherited(parent), ...task }))
    const checked = await checkTasks(door, { tasks, by, at, parentId: parent.id })
    for (const [index, { task }] of checked.entries()) {
      if (task.dependsOn !== undefined) await checkDependencies(world, { task, at: at(index), parent })
    }
    return checked.map(({ task, command, argumentsText, files }, index): ChildSpec => {
      const raw = asked[index]
      const instead = files === undefined ? undefined : hashedFiles(task, files)
      const hash = requestHash(world.ids, [{ raw, argumentsText, instead }], undefined)
      return {
        requestHash: hash,
        onParentEnd: raw?.onParentEnd ?? 'cancel',
        create: (id, flow) => {
          const argumentsBytes = Buffer.byteLength(argumentsText ?? '')
          const creation = { task, command, by, id, flow, requestHash: hash, argumentsBytes }
          return files === undefined ? createTask(world, creation) : createWithFiles(world, creation, at(index))
        },
      }
    })
  }
}

/** What belongs together can be found together: one correlation, one trace, one developer's session. */
function inherited({ correlationId, traceParent, flow }: Head) {
  return {
    correlationId,
    ...(traceParent === undefined ? {} : { traceParent }),
    ...(flow?.isolationKey === undefined ? {} : { isolationKey: flow.isolationKey }),
  }
}
