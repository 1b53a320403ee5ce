import { describe, expect, it } from 'vitest'
import { isAway, unavailable } from '#adapters/aws/away'
import { ApiError } from '#core/contract/errors'

const failure = (name: string, more: object = {}) => Object.assign(new Error(name), { name, ...more })
const status = (httpStatusCode: number) => ({ $metadata: { httpStatusCode } })

describe('AWS is away', () => {
  it.each([
    ['it throttles', failure('ProvisionedThroughputExceededException', status(400))],
    ['it throttles by a code of its own', failure('SomeLimit', status(429))],
    ['it fails', failure('InternalServerError', status(500))],
    ['it is closed', failure('Unknown', status(503))],
    ['it does not answer in time', failure('TimeoutError')],
    ['the connection breaks', failure('Error', { code: 'ECONNRESET' })],
    ['its name is not known just now', failure('Error', { code: 'EAI_AGAIN' })],
    ['a transaction holds the item', failure('TransactionConflictException', status(400))],
    ['the SDK itself would try again', failure('Other', { ...status(400), $retryable: {} })],
    ['the cause of what failed is one of these', failure('Error', { cause: failure('TimeoutError') })],
  ])('when %s', (_title, error) => {
    expect(isAway(error)).toBe(true)
  })

  it.each([
    ['a wrong call', failure('ValidationException', status(400))],
    ['a right that is missing', failure('AccessDeniedException', status(400))],
    ['a fault of ours', new TypeError('x is not a function')],
    ['no error at all', 'TimeoutError'],
  ])('but not for %s', (_title, error) => {
    expect(isAway(error)).toBe(false)
  })

  it('and is told as unavailable, with AWS’s own words for the log', () => {
    const cause = failure('SlowDown')
    const told = unavailable(cause, 'reading an item')
    expect(told).toBeInstanceOf(ApiError)
    expect(told).toMatchObject({ code: 'unavailable', cause })
    expect(told.message).toContain('reading an item')
  })
})
