import { useEffect, useState } from 'react'
import { openWatch } from '../browser/connection.ts'
import type { TaskOutline, WatchState, WatchTrouble } from '../browser/types.ts'

export interface SeenTask {
  /** Undefined until the first state has come. */
  readonly task: TaskOutline | undefined
  readonly state: WatchState
  /** While it reconnects, and when it was refused. */
  readonly trouble: WatchTrouble | undefined
}

const nothing: SeenTask = { task: undefined, state: 'connecting', trouble: undefined }

/**
 * A task as it is now, by its watch address; without one, it waits for it.
 *
 * @example const { task, state } = useTask(order.watchUrl)
 */
export function useTask(url: string | undefined): SeenTask {
  const [held, setHeld] = useState({ url, seen: nothing })
  useEffect(() => {
    if (url === undefined) return
    const see = (part: Partial<SeenTask>): void =>
      setHeld((before) => ({ url, seen: { ...(before.url === url ? before.seen : nothing), ...part } }))
    const watch = openWatch<TaskOutline>(url, {
      onTask: (task) => see({ task }),
      onState: (state, trouble) => see({ state, trouble }),
    })
    return () => watch.stop()
  }, [url])
  // What another address showed is nothing of this one, not even for one frame.
  return held.url === url ? held.seen : nothing
}
