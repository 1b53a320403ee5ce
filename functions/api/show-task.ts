import type { Json } from '#core/contract/names'
import type { Task } from '#core/contract/task'
import { type Head, sameVersion } from '#core/head'
import { argumentsOf, outcomeOf } from '#core/layout'
import { readHead } from '#core/tasks/move'
import { toTask } from '#core/wire'
import { waitingFor } from '#core/workers/view'
import type { World } from '#core/world'

/** A head moved on or its items went while they were read: so often it is read anew. */
const looksMost = 3

/** The whole envelope: what lies beside the head, and why the task is not running. */
export async function showTask(world: World, seen: Head): Promise<Task | undefined> {
  let head: Head | undefined = seen
  for (let look = 1; head !== undefined; look++) {
    try {
      const [outcome, args, waiting] = await Promise.all([
        outcomeOf(world.store, head),
        argumentsOf(world.store, head),
        waitingFor(world, head),
      ])
      return toTask(head, { ...outcome, arguments: args, waitingFor: waiting })
    } catch (error) {
      const current = await readHead(world, seen.id)
      if (look === looksMost || (current !== undefined && sameVersion(current, head))) throw error
      head = current
    }
  }
  return undefined
}

/** The envelope from the head alone: what was kept apart is left out. */
export function showHead(head: Head): Task {
  return toTask(head, { arguments: head.arguments, result: head.result, error: head.error })
}

/** A task that was made just now, with the arguments it was made with, wherever they were put. */
export function showCreated(head: Head, args: unknown): Task {
  return toTask(head, { arguments: args as Json | undefined })
}
