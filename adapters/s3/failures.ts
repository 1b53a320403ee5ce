import { ApiError } from '#core/contract/errors'
import { isAway, unavailable } from '../aws/away.ts'
import { Refused } from './checked-bytes.ts'

/** Asks something of the bucket, and says of a failure what was asked and what to do. */
export async function reaching<Answer>(bucket: string, what: string, ask: () => Promise<Answer>): Promise<Answer> {
  try {
    return await ask()
  } catch (error) {
    throw told(bucket, what, error)
  }
}

export function told(bucket: string, what: string, cause: unknown): Error {
  if (cause instanceof ApiError || cause instanceof Refused) return cause
  if (!(cause instanceof Error)) return new Error(String(cause))
  if (isAway(cause)) return unavailable(cause, `the bucket ${bucket} (${what})`)
  if (nameOf(cause) === 'NoSuchBucket') return noBucket(bucket, cause)
  const words = wordsOf(cause, bucket)
  if (words !== undefined) return new ApiError('unavailable', words, { cause })
  // No answer of S3's: a fault of this program.
  if (statusOf(cause) === undefined) return cause
  return new Error(`the bucket ${bucket} refused (${what}): ${cause.name}`, { cause })
}

export function noBucket(bucket: string, cause: unknown): ApiError {
  const words = `there is no bucket ${bucket}: TASKURAI_BUCKET has to name the bucket of the hub, which its stack makes (cdk deploy)`
  return new ApiError('unavailable', words, { cause })
}

const elsewhere = new Set(['PermanentRedirect', 'AuthorizationHeaderMalformed', 'IllegalLocationConstraintException'])

/** What is wrong with how the bucket was named or opened: for whoever deployed the hub. */
function wordsOf(cause: unknown, bucket: string): string | undefined {
  const name = nameOf(cause)
  if (elsewhere.has(name) || statusOf(cause) === 301) {
    return `the bucket ${bucket} (TASKURAI_BUCKET) is in another Region than the one that is asked (AWS_REGION)`
  }
  if (statusOf(cause) === 403) {
    return `the bucket ${bucket} (TASKURAI_BUCKET) may not be used by this role (${name}); it needs s3:GetObject and s3:PutObject on its objects, and s3:ListBucket on the bucket, without which S3 does not say that an object is not there`
  }
  return undefined
}

/** That there is no such object; `NotFound` is all that the answer to a HEAD can say, which has no body. */
export function isAbsent(error: unknown): boolean {
  const name = nameOf(error)
  return name === 'NoSuchKey' || name === 'NotFound'
}

/** The range begins where the object has ended. */
export function isBeyondEnd(error: unknown): boolean {
  return nameOf(error) === 'InvalidRange' || statusOf(error) === 416
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : String(error)
}

function statusOf(error: unknown): number | undefined {
  return (error as { readonly $metadata?: { readonly httpStatusCode?: number } }).$metadata?.httpStatusCode
}
