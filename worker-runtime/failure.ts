import { limits } from '#core/contract/limits'
import type { TaskError } from '#core/contract/task'

export interface TaskFailureOptions {
  /** For programs; by default `failed`. */
  readonly code?: string
  /** Whether another run may do better; by default yes. */
  readonly retryable?: boolean
  readonly details?: readonly { readonly code?: string; readonly message: string }[]
  readonly cause?: unknown
}

/**
 * Ends the run with words of the handler's own.
 *
 * @example throw new TaskFailure('The card was declined', { code: 'card-declined', retryable: false })
 */
export class TaskFailure extends Error {
  override readonly name: string = 'TaskFailure'
  readonly code: string
  readonly retryable: boolean
  readonly details: TaskFailureOptions['details']

  constructor(message: string, options: TaskFailureOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = options.code ?? 'failed'
    this.retryable = options.retryable ?? true
    this.details = options.details
  }
}

/** Why a run is asked to stop: by a cancel, its time limit, the loss of its lease, the end of its instance, or a wait. */
export type AbortReason = 'cancel' | 'timeout' | 'lease-lost' | 'shutdown' | 'suspended'

const abortTexts = {
  cancel: 'The task was canceled',
  timeout: 'The task ran out of its time',
  'lease-lost': 'The instance lost the lease of this run',
  shutdown: 'The instance is shutting down',
  suspended: 'The task waits and goes on in another run',
} as const satisfies Record<AbortReason, string>

/** What `ctx.signal.reason` is, and what an aborted call throws. Its name is the platform's own: `AbortError`. */
export class TaskAborted extends Error {
  override readonly name: string = 'AbortError'
  readonly reason: AbortReason

  constructor(reason: AbortReason) {
    super(abortTexts[reason])
    this.reason = reason
  }
}

/** Thrown by `ctx.checkExpired()`: the run ends the task as expired. */
export class TaskExpired extends Error {
  override readonly name: string = 'TaskExpired'

  constructor() {
    super('The task may not start any more')
  }
}

const codeChars = 64

/** Whatever was thrown, as the error of a run. Anything but a TaskFailure that says otherwise may be tried again. */
export function taskErrorOf(thrown: unknown): TaskError {
  if (thrown instanceof TaskFailure) {
    const details = thrown.details?.slice(0, limits.errorDetails).map((detail) => ({
      ...(detail.code === undefined ? {} : { code: cut(String(detail.code), codeChars) }),
      message: cut(String(detail.message), limits.messageChars),
    }))
    const { code, message, retryable } = thrown
    return { ...taskError(code, message, retryable), ...(details === undefined ? {} : { details }) }
  }
  if (thrown instanceof Error) {
    const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined
    return taskError(code ?? 'failed', thrown.message || thrown.name, true)
  }
  return taskError('failed', `The handler threw ${shown(thrown)}, which is not an Error`, true)
}

export function taskError(code: string, message: string, retryable: boolean): TaskError {
  return { code: cut(code || 'failed', codeChars), message: cut(message, limits.messageChars), retryable }
}

function shown(thrown: unknown): string {
  if (typeof thrown === 'string') return `the text '${thrown}'`
  try {
    return String(JSON.stringify(thrown) ?? thrown)
  } catch {
    return `a value of type ${typeof thrown}`
  }
}

export function cut(text: string, chars: number): string {
  return text.length <= chars ? text : `${text.slice(0, chars - 1)}…`
}
