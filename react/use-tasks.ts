import { useEffect, useMemo, useState } from 'react'
import { openWatch } from '../browser/connection.ts'
import type { TaskOutline, WatchState, WatchTrouble } from '../browser/types.ts'

export interface SeenTasks {
  /** The newest first. */
  readonly tasks: readonly TaskOutline[]
  readonly state: WatchState
  /** While it reconnects, and when it was refused. */
  readonly trouble: WatchTrouble | undefined
}

export interface TasksOptions {
  /** So many of the newest are kept, 100 by default. */
  readonly most?: number | undefined
}

interface Held {
  readonly url: string | undefined
  readonly byId: ReadonlyMap<string, TaskOutline>
  readonly state: WatchState
  readonly trouble: WatchTrouble | undefined
}

const mostDefault = 100

/**
 * The tasks of a user, an account or a correlation, by its watch address: those of now, and each new one.
 *
 * @example const { tasks } = useTasks(session.watchUrl)
 */
export function useTasks(url: string | undefined, { most = mostDefault }: TasksOptions = {}): SeenTasks {
  const [held, setHeld] = useState<Held>(() => nothing(url))
  useEffect(() => {
    if (url === undefined) return
    const change = (next: (before: Held) => Held): void =>
      setHeld((before) => next(before.url === url ? before : nothing(url)))
    const watch = openWatch<TaskOutline>(url, {
      onTask: (task) => change((before) => ({ ...before, byId: withTask(before.byId, task, most) })),
      onState: (state, trouble) => change((before) => ({ ...before, state, trouble })),
    })
    return () => watch.stop()
  }, [url, most])
  const { byId, state, trouble } = held.url === url ? held : nothing(url)
  const tasks = useMemo(() => [...byId.values()].sort(newestFirst), [byId])
  return { tasks, state, trouble }
}

const none: ReadonlyMap<string, TaskOutline> = new Map()

function nothing(url: string | undefined): Held {
  return { url, byId: none, state: 'connecting', trouble: undefined }
}

function withTask(
  before: ReadonlyMap<string, TaskOutline>,
  task: TaskOutline,
  most: number,
): ReadonlyMap<string, TaskOutline> {
  const byId = new Map(before).set(task.id, task)
  if (byId.size <= most) return byId
  const oldest = [...byId.values()].sort(newestFirst).at(-1)
  if (oldest !== undefined) byId.delete(oldest.id)
  return byId
}

function newestFirst(a: TaskOutline, b: TaskOutline): number {
  if (a.createdAt !== b.createdAt) return a.createdAt < b.createdAt ? 1 : -1
  return a.id < b.id ? 1 : -1
}
