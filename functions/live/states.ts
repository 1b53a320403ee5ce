import type { WatchView } from '#core/contract/live'
import { type Head, sameVersion } from '#core/head'
import { outcomeOf } from '#core/layout'
import { taskMessage } from '#core/live/message'
import { outlineOf } from '#core/live/outline'
import { readHead } from '#core/tasks/move'
import { toTask } from '#core/wire'
import type { World } from '#core/world'
import { showTask } from '../api/show-task.ts'

/** A task moved on while what lies beside its head was read: so often it is read anew. */
const looksMost = 3

/**
 * The texts of one state, each made when the first watcher of its view needs it. What lies beside the head is read for
 * that, so of watched tasks alone.
 *
 * @returns undefined: the task is gone
 */
export type StateTexts = (view: WatchView) => Promise<string | undefined>

export function stateTexts(world: World, head: Head): StateTexts {
  const texts = new Map<WatchView, Promise<string | undefined>>()
  return (view) => {
    const made = texts.get(view) ?? (view === 'full' ? fullText(world, head) : outlineText(world, head))
    texts.set(view, made)
    return made
  }
}

/** Whatever was changed between two reads is told by its own change; the version is that of the head that began it. */
async function fullText(world: World, head: Head): Promise<string | undefined> {
  const task = await showTask(world, head)
  return task === undefined ? undefined : taskMessage(task, head)
}

async function outlineText(world: World, seen: Head): Promise<string | undefined> {
  let head: Head | undefined = seen
  for (let look = 1; head !== undefined; look++) {
    try {
      const outcome = await outcomeOf(world.store, head)
      return taskMessage(outlineOf(toTask(head, { ...outcome, isBrief: true })), head)
    } catch (error) {
      const current = await readHead(world, seen.id)
      if (look === looksMost || (current !== undefined && sameVersion(current, head))) throw error
      head = current
    }
  }
  return undefined
}
