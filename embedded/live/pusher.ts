import type { Change } from '#core/ports'
import type { LiveParts } from '#functions/live/deliver'
import { pushWatched } from '#functions/live/push'
import { gatherWatched, type WatchedChanges } from '#functions/live/watched-changes'

/**
 * The embedded hub's push: behind the feed and never in its way. What comes while a push is under way waits as one
 * state a task, so however fast tasks move, no more waits than there are watched tasks.
 */
export interface Pusher {
  /** `rowsWritten`: the directory knows of the tasks in these changes. */
  readonly take: (changes: readonly Change[], rowsWritten: Promise<unknown>) => void
  readonly settled: () => Promise<void>
}

export function createPusher(parts: LiveParts, onFailed: (error: unknown) => void): Pusher {
  let waiting: WatchedChanges = new Map()
  let rows: Promise<unknown> = Promise.resolve()
  let working: Promise<void> | undefined

  async function work(): Promise<void> {
    while (waiting.size > 0) {
      const taken = waiting
      waiting = new Map()
      const namesSubjects = [...taken.values()].some(({ subjects }) => subjects.length > 0)
      // Row first, then the look for watchers (protocol 2). A row that could not be written is the reactor's trouble.
      if (namesSubjects) await rows.catch(() => undefined)
      await pushWatched(parts, taken).catch(onFailed)
    }
  }

  return {
    take: (changes, rowsWritten) => {
      rows = rowsWritten
      gatherWatched(parts.world, changes, waiting)
      if (waiting.size === 0 || working !== undefined) return
      working = work().finally(() => {
        working = undefined
      })
    },
    settled: async () => {
      await working
    },
  }
}
