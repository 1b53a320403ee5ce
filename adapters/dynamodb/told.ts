import { ApiError } from '#core/contract/errors'
import { isAway, unavailable } from '../aws/away.ts'
import type { Attributes } from './head-attributes.ts'
import { itemBytes } from './units.ts'

/** DynamoDB's own limit, names and values together. */
const itemBytesMost = 409_600

/** Whether AWS is away, and what a person can do about it; else the error as it is. */
export async function told<Answer>(what: string, call: () => Promise<Answer>): Promise<Answer> {
  try {
    return await call()
  } catch (error) {
    if (isAway(error)) throw unavailable(error, what)
    if (error instanceof Error && error.name === 'ResourceNotFoundException') {
      throw new ApiError('unavailable', `${what}: the table is not there (TASKURAI_TABLE)`, { cause: error })
    }
    if (isTooLarge(error)) throw tooLarge('an item', error)
    throw error
  }
}

function isTooLarge(error: unknown): boolean {
  return error instanceof Error && error.name === 'ValidationException' && error.message.includes('size')
}

export function withinLimit(attributes: Attributes): Attributes {
  if (itemBytes(attributes) > itemBytesMost) throw tooLarge(`the item ${attributes.sk?.S}`)
  return attributes
}

function tooLarge(what: string, cause?: unknown): ApiError {
  const detail = `${what} would have more than the ${itemBytesMost} bytes that DynamoDB takes: give what is large as a file`
  return new ApiError('too-large', detail, { cause })
}
