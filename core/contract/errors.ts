/**
 * Every error code of the API, once. The HTTP status, the CLI's exit code and whether a client may try again all come
 * from this table. Exit codes: 1 failed, 2 wrong call, 3 not found, 4 refused, 5 conflict, 6 hub away or overloaded.
 */
export const errorTable = {
  'bad-request': { status: 400, exit: 2, retry: false, title: 'The request is malformed' },
  'bad-json': { status: 400, exit: 2, retry: false, title: 'The body is not valid JSON' },
  'bad-cursor': { status: 400, exit: 2, retry: false, title: 'The cursor is not one of this list' },
  forbidden: { status: 403, exit: 4, retry: false, title: 'The request is not allowed' },
  'not-found': { status: 404, exit: 3, retry: false, title: 'No such thing here' },
  'method-not-allowed': { status: 405, exit: 2, retry: false, title: 'This path does not take that method' },
  conflict: { status: 409, exit: 5, retry: false, title: 'The task is in a state that does not allow this' },
  'idempotency-conflict': { status: 409, exit: 5, retry: false, title: 'This key was used for another request' },
  'run-lost': { status: 409, exit: 5, retry: false, title: 'This run does not own the task any more' },
  'not-registered': { status: 409, exit: 5, retry: false, title: 'The hub does not know this instance' },
  'too-large': { status: 413, exit: 2, retry: false, title: 'The request is too large' },
  'unknown-command': { status: 422, exit: 2, retry: false, title: 'No worker has registered this command' },
  'invalid-arguments': { status: 422, exit: 2, retry: false, title: 'The arguments do not fit the command' },
  invalid: { status: 422, exit: 2, retry: false, title: 'A field has a value that is not allowed' },
  'too-many': { status: 429, exit: 6, retry: true, title: 'Too many requests' },
  internal: { status: 500, exit: 1, retry: true, title: 'The hub failed' },
  'not-offered': { status: 501, exit: 4, retry: false, title: 'This hub does not offer that' },
  'no-room': { status: 507, exit: 6, retry: false, title: 'The hub has no room for this' },
  unavailable: { status: 503, exit: 6, retry: true, title: 'The hub cannot take this now' },
} as const satisfies Record<string, { status: number; exit: number; retry: boolean; title: string }>

export type ErrorCode = keyof typeof errorTable

export interface FieldIssue {
  /** Where, as a JSON pointer into the body: `/arguments/customer/email`. */
  readonly field: string
  readonly message: string
}

/** RFC 9457 problem details, with the stable `code` that programs should read. */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly code: ErrorCode
  readonly detail?: string
  readonly issues?: readonly FieldIssue[]
}

/** Thrown inside a request for what its caller did wrong or what the hub cannot do now; the API's rim turns it into a Problem. */
export class ApiError extends Error {
  readonly code: ErrorCode
  readonly issues: readonly FieldIssue[] | undefined

  constructor(code: ErrorCode, detail: string, options: { issues?: readonly FieldIssue[]; cause?: unknown } = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'ApiError'
    this.code = code
    this.issues = options.issues
  }

  toProblem(): Problem {
    const { status, title } = errorTable[this.code]
    return {
      type: `urn:taskurai:problem:${this.code}`,
      title,
      status,
      code: this.code,
      detail: this.message,
      ...(this.issues === undefined ? {} : { issues: this.issues }),
    }
  }
}

export function isErrorCode(text: unknown): text is ErrorCode {
  return typeof text === 'string' && Object.hasOwn(errorTable, text)
}
