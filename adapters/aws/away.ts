import { ApiError } from '#core/contract/errors'

/** Which failures mean that AWS cannot answer now, so that the same call may work later. */

const awayNames = new Set([
  'ThrottlingException',
  'Throttling',
  'ThrottledException',
  'RequestThrottled',
  'RequestThrottledException',
  'TooManyRequestsException',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'LimitExceededException',
  'SlowDown',
  'PriorRequestNotComplete',
  'TransactionInProgressException',
  'TransactionConflictException',
  'InternalServerError',
  'InternalFailure',
  'InternalError',
  'ServiceUnavailable',
  'ServiceUnavailableException',
  'TimeoutError',
  'RequestTimeout',
  'RequestTimeoutException',
  'NetworkingError',
  'AbortError',
])

const networkCodes = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
])

interface SdkError extends Error {
  readonly code?: unknown
  readonly $metadata?: { readonly httpStatusCode?: number }
  readonly $retryable?: unknown
}

/** The SDK wraps what happened to a connection, credentials of a container's among them. */
const causesMost = 5

export function isAway(error: unknown): boolean {
  let cause = error
  for (let depth = 0; depth < causesMost && cause instanceof Error; depth++) {
    if (saysAway(cause)) return true
    cause = cause.cause
  }
  return false
}

function saysAway(error: Error): boolean {
  const { name, code, $metadata, $retryable } = error as SdkError
  if (awayNames.has(name) || (typeof code === 'string' && networkCodes.has(code))) return true
  const status = $metadata?.httpStatusCode
  return $retryable !== undefined || (status !== undefined && (status >= 500 || status === 429))
}

/** What callers are told: try again later. The cause keeps AWS's own words for the log. */
export function unavailable(error: unknown, what: string): ApiError {
  return new ApiError('unavailable', `${what}: AWS does not answer as it should; try again`, { cause: error })
}
