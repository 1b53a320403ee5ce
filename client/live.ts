import type { CreatedWatchToken } from '../core/contract/live.ts'
import type { Json } from '../core/contract/names.ts'
import type { Line } from './call.ts'
import type { TaskOf } from './contract.ts'
import { TaskuraiError } from './error.ts'
import { type WatchTaskOptions, watchStates } from './watch.ts'
import { createWatchToken, removeWatchToken, type Watched, type WatchTokenOptions } from './watch-tokens.ts'

/** Tasks as they move: for a program, and for a browser that shall have no key. */

export interface LiveCalls {
  /**
   * The task as it is, and each change of it, to its end. Who is slower than the task sees the newest state, and always
   * the last; to leave the loop ends the watch, not the task.
   *
   * @example for await (const { status, progress } of client.watch(task)) console.log(status, progress?.percent)
   */
  watch<Output = Json>(
    task: string | TaskOf<Output>,
    options?: WatchTaskOptions,
  ): AsyncGenerator<TaskOf<Output>, void, undefined>
  /**
   * An address by which a browser without a key may watch a task, or all tasks of a user, an account or a correlation,
   * for a while. Its `url` goes to `watchTask` of `taskurai/browser`, and is as secret as what it shows.
   *
   * @example const { url } = await client.watchToken(task.id, { expiresInSeconds: 600 })
   */
  watchToken(watched: Watched, options?: WatchTokenOptions): Promise<CreatedWatchToken>
  /** Takes a token back, by its `id`, and closes what is open with it. */
  revokeWatchToken(id: string): Promise<void>
}

export function liveCalls(line: Line): LiveCalls {
  return {
    watch: <Output>(task: string | TaskOf<Output>, options?: WatchTaskOptions) =>
      watchStates(line, typeof task === 'string' ? task : task.id, options) as AsyncGenerator<
        TaskOf<Output>,
        void,
        undefined
      >,
    watchToken: (watched, options) => createWatchToken(line, watched, options),
    revokeWatchToken: async (id) => {
      try {
        await removeWatchToken(line, id)
      } catch (error) {
        const isEcho = error instanceof TaskuraiError && error.code === 'not-found' && error.mayBeDone
        if (!isEcho) throw error
      }
    },
  }
}
