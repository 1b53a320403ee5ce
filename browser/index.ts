/**
 * Watches tasks from a browser, by the address that a service asked a hub for (`POST /v1/tasks/{id}/watch-token`). No
 * dependency, nothing of Node: small enough for any page.
 *
 * @example
 * import { watchTask } from 'taskurai/browser'
 * watchTask(url, { onTask: ({ progress }) => { bar.value = progress?.percent ?? 0 }, onEnd: () => bar.remove() })
 */
import { openWatch } from './connection.ts'
import { type EachStateOptions, eachNoted } from './each-state.ts'
import type { TaskOutline, Watch, WatchOptions } from './types.ts'

export { type EachStateOptions, WatchRefusedError } from './each-state.ts'
export type {
  Socket,
  SocketClass,
  TaskNote,
  TaskOutline,
  Watch,
  WatchOptions,
  WatchState,
  WatchTrouble,
} from './types.ts'

/**
 * Shows the state now and each newer one, over as many connections as it takes, until the task has ended.
 *
 * @throws if `url` is no address of a WebSocket
 * @example const watch = watchTask(url, { onTask: show, onState: (state) => console.log(state) })
 */
export function watchTask<Seen = TaskOutline>(url: string, options: WatchOptions<Seen>): Watch {
  return openWatch(url, options)
}

/**
 * The same as a loop. Who is slower than the task sees the newest state, and always the last; to leave the loop closes
 * the connection.
 *
 * @throws WatchRefusedError when a new address is needed
 * @example for await (const task of eachState(url)) show(task.status, task.progress)
 */
export async function* eachState<Seen extends { readonly id: string } = TaskOutline>(
  url: string,
  options: EachStateOptions = {},
): AsyncGenerator<Seen, void, undefined> {
  for await (const { task } of eachNoted<Seen>(url, options)) yield task
}
