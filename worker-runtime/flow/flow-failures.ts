import type { TaskError } from '#core/contract/task'
import { TaskFailure } from '../failure.ts'

/** What waits and steps throw. None of it is worth another run: what they say is remembered. */

class RememberedFailure extends TaskFailure {
  override readonly name: string = 'RememberedFailure'

  constructor({ code, message, details }: TaskError) {
    super(message, { code, retryable: false, ...(details === undefined ? {} : { details: details.map(plainDetail) }) })
  }
}

function plainDetail({ code, message }: NonNullable<TaskError['details']>[number]) {
  return { message, ...(code === undefined ? {} : { code }) }
}

/** A step failed for good; every later run of the task meets the same. */
export class StepFailed extends RememberedFailure {
  override readonly name: string = 'StepFailed'
}

/** Sub tasks did not succeed; `details` name them. */
export class SubTaskFailed extends RememberedFailure {
  override readonly name: string = 'SubTaskFailed'
}

/** The signal did not come in time. */
export class SignalTimeout extends RememberedFailure {
  override readonly name: string = 'SignalTimeout'
}

export function failureOf(kind: string, error: TaskError | undefined): TaskFailure {
  const told = error ?? { code: 'failed', message: 'it failed', retryable: false }
  switch (kind) {
    case 'signal':
      return new SignalTimeout(told)
    case 'call':
    case 'wait':
      return new SubTaskFailed(told)
    default:
      return new StepFailed(told)
  }
}

const divergedCode = 'diverged'

export function isDiverged(error: unknown): boolean {
  return error instanceof TaskFailure && error.code === divergedCode
}

/** The code does something else than an earlier run of the same task did: nobody knows what the results mean then. */
export function diverged(message: string): TaskFailure {
  return new TaskFailure(message, { code: divergedCode, retryable: false })
}
