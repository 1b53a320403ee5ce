import { type BulkTime, workBulk } from '#core/tasks/bulk/work-bulk'
import type { World } from '#core/world'

/**
 * Works off bulks that are due, in what is left of a tick's time: after everything that others wait for. Those that
 * there is no time for stay due, and come first in the next tick.
 */

const bulksAtOnce = 4

export async function workBulks(world: World, taskIds: ReadonlySet<string>, time: BulkTime): Promise<void> {
  const waiting = [...taskIds]
  while (waiting.length > 0 && time.mayGoOn()) {
    await Promise.all(waiting.splice(0, bulksAtOnce).map((taskId) => workOne(world, taskId, time)))
  }
}

/** A portion that failed is done again once its guard is over: it stays where it is in the due index. */
async function workOne(world: World, taskId: string, time: BulkTime): Promise<void> {
  try {
    await workBulk(world, taskId, time)
  } catch (error) {
    world.log.error('bulk.portion-failed', { taskId, error: String(error) })
  }
}
