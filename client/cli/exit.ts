import type { Status } from '../../core/contract/task.ts'
import { exitCodeOf, TaskuraiError } from '../error.ts'

/** Exit codes for scripts. Those of refusals come from the contract's table, those of ended tasks from here. */

export const WRONG_CALL = 2

export const exitHelp = `
Exit codes: 0 done (with --wait: succeeded), 1 failed (the task, or the hub itself), 2 wrong call, 3 not found,
4 not allowed, 5 conflict, 6 hub away or overloaded; with --wait also 7 canceled, 8 expired, 9 still going on when
the wait was over.
The hub is named by --endpoint or TASKURAI_ENDPOINT (http://127.0.0.1:4400), the keys by the usual AWS variables or
profile; for a hub on this machine its own keys in TASKURAI_DATA (.taskurai) are taken.`

export function exitOfTask(status: Status): number {
  switch (status) {
    case 'succeeded':
      return 0
    case 'failed':
      return 1
    case 'canceled':
      return 7
    case 'expired':
      return 8
    case 'waiting':
    case 'queued':
    case 'running':
    case 'suspended':
      return 9
    default:
      return status satisfies never
  }
}

export function exitOfError(error: unknown): number {
  return error instanceof TaskuraiError ? exitCodeOf(error.code) : 1
}

/** What somebody did wrong on the command line, said before anything was sent. */
export function wrongCall(detail: string): TaskuraiError {
  return new TaskuraiError({ code: 'bad-call', detail })
}
