import type { ErrorCode } from '../core/contract/errors.ts'
import type { ReadProblem } from './problem.ts'

/** What S3 says of a request that it refuses, which is XML. Its status alone would often say the wrong thing. */

const codes: Readonly<Record<string, readonly [code: ErrorCode, words: string]>> = {
  BadDigest: ['invalid', 'the bytes are not those that were declared'],
  InvalidDigest: ['invalid', 'the bytes are not those that were declared'],
  EntityTooLarge: ['too-large', 'the bytes are more than a bucket takes in one request'],
  IncompleteBody: ['unavailable', 'not all bytes came through'],
  RequestTimeout: ['unavailable', 'the bytes came too slowly'],
  SlowDown: ['unavailable', 'the bucket is asked for too much at once'],
  InternalError: ['unavailable', 'the bucket failed'],
  ServiceUnavailable: ['unavailable', 'the bucket cannot answer now'],
  ExpiredToken: ['forbidden', 'the address is not valid any more: ask the hub for another'],
  NoSuchKey: ['not-found', 'the bytes are gone'],
  NoSuchBucket: ['unavailable', 'the bucket of the hub is gone'],
}

/** Undefined where it was not a bucket that answered. */
export function readBucketProblem(status: number, text: string): ReadProblem | undefined {
  const name = partOf(text, 'Code')
  if (name === undefined) return undefined
  const message = partOf(text, 'Message') ?? ''
  const [code, words] = codes[name] ?? otherwise(status, message)
  return { code, detail: `${words} (S3 says ${name}: ${message})`, issues: [] }
}

function otherwise(status: number, message: string): readonly [ErrorCode, string] {
  if (status === 403 && /expired/i.test(message)) {
    return ['forbidden', 'the address was valid for a while only: ask the hub for another']
  }
  if (status === 403) return ['forbidden', 'the bucket refused']
  return status >= 500 ? ['unavailable', 'the bucket failed'] : ['bad-request', 'the bucket refused']
}

function partOf(text: string, element: string): string | undefined {
  if (!/<Error[ >]/.test(text)) return undefined
  return new RegExp(`<${element}>([^<]{1,300})</${element}>`).exec(text)?.[1]
}
