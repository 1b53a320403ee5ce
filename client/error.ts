import { type ErrorCode, errorTable, type FieldIssue, isErrorCode } from '../core/contract/errors.ts'

/** What can go wrong on the client's side of the wire; the other codes are the hub's own. */
export const clientErrorTable = {
  /** No endpoint, no keys or no region: nothing was sent. */
  'no-connection': { exit: 2 },
  /** The call itself is wrong: nothing was sent. */
  'bad-call': { exit: 2 },
  unreachable: { exit: 6 },
  'timed-out': { exit: 6 },
  'bad-answer': { exit: 6 },
  'wait-over': { exit: 9 },
} as const

export type ClientErrorCode = keyof typeof clientErrorTable

export interface ErrorParts {
  readonly code: ErrorCode | ClientErrorCode
  readonly detail: string
  readonly status?: number | undefined
  readonly issues?: readonly FieldIssue[] | undefined
  /** When the hub said so: not before that many seconds. */
  readonly retryAfterSeconds?: number | undefined
  /** An earlier try of the same call may have been carried out although its answer was lost. */
  readonly mayBeDone?: boolean
  readonly cause?: unknown
}

/** Every refusal and failure of a call. Programs read `code`, people read `message`. */
export class TaskuraiError extends Error {
  readonly code: ErrorCode | ClientErrorCode
  readonly status: number | undefined
  readonly detail: string
  readonly issues: readonly FieldIssue[]
  readonly retryAfterSeconds: number | undefined
  readonly mayBeDone: boolean

  constructor(parts: ErrorParts) {
    super(messageOf(parts), parts.cause === undefined ? undefined : { cause: parts.cause })
    this.name = 'TaskuraiError'
    this.code = parts.code
    this.status = parts.status
    this.detail = parts.detail
    this.issues = parts.issues ?? []
    this.retryAfterSeconds = parts.retryAfterSeconds
    this.mayBeDone = parts.mayBeDone ?? false
  }
}

export function exitCodeOf(code: ErrorCode | ClientErrorCode): number {
  return isErrorCode(code) ? errorTable[code].exit : clientErrorTable[code].exit
}

export function isWorthRetrying(code: ErrorCode | ClientErrorCode): boolean {
  if (isErrorCode(code)) return errorTable[code].retry
  return code === 'unreachable' || code === 'timed-out' || code === 'bad-answer'
}

function messageOf({ detail, issues = [] }: ErrorParts): string {
  // A hub that names the field in its detail already need not be repeated.
  const unsaid = issues.filter(({ field, message }) => !(detail.includes(field) && detail.includes(message)))
  return [detail, ...unsaid.map(({ field, message }) => `${field === '' ? '(the body)' : field}: ${message}`)].join(
    '\n',
  )
}
