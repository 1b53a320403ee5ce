import type { TaskError } from '#core/contract/task'
import { taskError } from './failure.ts'

/** Ends of runs as the JSON text that goes to the hub: made where the result is, and never parsed again on the way. */

export interface RunNames {
  readonly run: string
  /** The bell's receipt: it goes back with the run's end. */
  readonly ticket: string
  readonly task: { readonly id: string }
}

/** The task has sub tasks, which are to be told of its end. */
export function childrenField(hasChildren: boolean): string {
  return hasChildren ? ',"children":true' : ''
}

export function stopLine(grant: RunNames, hasChildren = false): string {
  return `{"kind":"stop",${runFields(grant)}${childrenField(hasChildren)}}`
}

export function timeoutLine(grant: RunNames, timeoutSeconds: number | undefined): string {
  const error = taskError('timeout', `The run took longer than its ${timeoutSeconds ?? '?'} seconds`, true)
  return `{"kind":"fail",${runFields(grant)},"error":${JSON.stringify(error)},"timedOut":true}`
}

export function failLine(grant: RunNames, error: TaskError, hasChildren = false): string {
  return `{"kind":"fail",${runFields(grant)},"error":${JSON.stringify(error)}${childrenField(hasChildren)}}`
}

export function runFields({ run, ticket, task }: RunNames): string {
  return `"taskId":"${task.id}","run":${JSON.stringify(run)},"ticket":${JSON.stringify(ticket)}`
}
