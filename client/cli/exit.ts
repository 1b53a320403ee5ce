import type { Status } from '../../core/contract/task.ts'
import { exitCodeOf, TaskuraiError } from '../error.ts'

/** Exit codes for scripts. Those of refusals come from the contract's table, those of ended tasks from here. */

export const WRONG_CALL = 2
export const CHECK_FAILED = 1

/** Said under every help. A code once given keeps its meaning. */
export const exitHelp = `Exit codes:
  0  done; where it waits for a task (--wait, watch): the task succeeded
  1  the task failed, a check of doctor failed, or the hub itself did
  2  wrong call: nothing was sent, or the hub found it malformed
  3  not found
  4  not allowed
  5  conflict with what stands there
  6  the hub is away or overloaded
  7  the task was canceled
  8  the task expired
  9  the task still went on when the wait was over`

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
