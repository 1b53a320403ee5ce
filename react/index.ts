'use client'
/**
 * Tasks as they move, for React 18 and newer.
 *
 * @example
 * import { useTask } from 'taskurai/react'
 * const { task, state } = useTask(url)
 * return <progress max={100} value={task?.progress?.percent ?? 0} />
 */
export type { TaskOutline, WatchState, WatchTrouble } from '../browser/types.ts'
export { type SeenTask, useTask } from './use-task.ts'
export { type SeenTasks, type TasksOptions, useTasks } from './use-tasks.ts'
