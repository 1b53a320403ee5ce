import { ApiError } from '#core/contract/errors'
import { isAway, unavailable } from '../aws/away.ts'

/** Whether AWS is away, and what a person can do about it; else the error as it is. */
export async function told<Answer>(what: string, call: () => Promise<Answer>): Promise<Answer> {
  try {
    return await call()
  } catch (error) {
    if (isAway(error)) throw unavailable(error, what)
    if (error instanceof Error && error.name === 'ResourceNotFoundException') {
      throw new ApiError('unavailable', `${what}: the table is not there (TASKURAI_TABLE)`, { cause: error })
    }
    if (isTooLarge(error)) throw new ApiError('too-large', 'this task is larger than an item may be', { cause: error })
    throw error
  }
}

function isTooLarge(error: unknown): boolean {
  return error instanceof Error && error.name === 'ValidationException' && error.message.includes('size')
}
