import { ApiError } from '#core/contract/errors'
import { limits } from '#core/contract/limits'
import type { Ids } from '#core/ports'

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const ulid = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/
const timeChars = 10
const indexChars = 3

/** No command can be named so: batches and single tasks never meet under one key. */
const batchScope = '/batch'

/** The caller's key, if there is one that may be used. */
export function idempotencyKeyOf(headers: Headers): string | undefined {
  const key = headers.get('idempotency-key')
  if (key === null) return undefined
  if (/^[\x21-\x7e]+$/.test(key) && key.length <= limits.idempotencyKeyChars) return key
  const most = limits.idempotencyKeyChars
  throw new ApiError('bad-request', `an Idempotency-Key has 1 to ${most} visible ASCII characters and no spaces`)
}

/**
 * The same id for the same key, so that a call made again finds what it made before (protocol 29). A key that is a ULID
 * lends its time to the id, which keeps tasks in time order on disk.
 */
export function idOfKey(ids: Ids, scope: string, key: string): string {
  const hashed = ids.ofText(`${scope}\n${key}`)
  return ulid.test(key) ? key.slice(0, timeChars) + hashed.slice(timeChars) : hashed
}

export function batchIdOfKey(ids: Ids, key: string): string {
  return idOfKey(ids, batchScope, key)
}

/** One hash for the whole batch; a task's place in it is spelled in the last characters. */
export function idsOfBatchKey(ids: Ids, key: string, count: number): readonly string[] {
  const stem = batchIdOfKey(ids, key).slice(0, -indexChars)
  return Array.from({ length: count }, (_, index) => stem + base32(index))
}

function base32(index: number): string {
  const char = (shift: number) => alphabet[(index >> shift) & 31] ?? ''
  return char(10) + char(5) + char(0)
}
