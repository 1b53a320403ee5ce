import { ApiError } from '#core/contract/errors'
import { isAway, unavailable } from '../aws/away.ts'
import type { EntryFailure } from './gathering.ts'

/**
 * What SQS says of a receipt that is over, or of a hold that would end more than 12 hours after the receive. In the
 * first case there is nothing to hide or delete any more; in the second the hold it has goes on to its end, which
 * cannot be far from all that is allowed, since every hold that core asks for is short.
 *
 * - `MessageNotInflight`, `ReceiptHandleIsInvalid`, `InvalidIdFormat`: the errors that the API names; the batch form
 *   gives the second for any receipt it does not know
 * - `InvalidParameterValue`: what it answers in fact, for "Message does not exist or is not available for visibility
 *   timeout change", "The receipt handle has expired", and "Total VisibilityTimeout for the message is beyond the limit
 *   [43200 seconds]". (Our own numbers are within their limits before they are sent.)
 */
const overCodes = new Set(['MessageNotInflight', 'ReceiptHandleIsInvalid', 'InvalidIdFormat', 'InvalidParameterValue'])

const goneCodes = new Set(['QueueDoesNotExist', 'NonExistentQueue'])

/** `AWS.SimpleQueueService.MessageNotInflight` and `MessageNotInflight` are one: the older protocol's and today's name. */
export function codeOf(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1)
}

export function isThrottle(code: string): boolean {
  return /throttl/i.test(code)
}

export function isReceiptOver({ code }: EntryFailure): boolean {
  return overCodes.has(code)
}

/** Too many messages are held: 120,000 a queue. There is nothing to receive until some are deleted. */
export function isOverLimit(error: unknown): boolean {
  return error instanceof Error && codeOf(error.name) === 'OverLimit'
}

/** Does something with a worker's queue, and says of a failure which worker's it was and what to do. */
export async function reaching<Answer>(worker: string, what: string, ask: () => Promise<Answer>): Promise<Answer> {
  try {
    return await ask()
  } catch (error) {
    throw told(worker, what, error)
  }
}

function told(worker: string, what: string, cause: unknown): Error {
  const name = cause instanceof Error ? codeOf(cause.name) : String(cause)
  if (goneCodes.has(name)) {
    const detail = `the worker ${worker} has no queue in this hub, or no longer: deploy the stack that adds the worker (cdk deploy), then try again`
    return new ApiError('unavailable', detail, { cause })
  }
  if (isAway(cause)) return unavailable(cause, `the queue of the worker ${worker} (${what})`)
  return new Error(`the queue of the worker ${worker} refused (${what}): ${name}`, { cause })
}

/** The same for one entry of a request that went well otherwise. */
export function entryFailed(worker: string, what: string, { code, message, isOurs }: EntryFailure): Error {
  const detail = `the queue of the worker ${worker} refused (${what}): ${code} ${message}`
  return isOurs ? new Error(detail) : new ApiError('unavailable', detail)
}
