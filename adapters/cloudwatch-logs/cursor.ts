import { createHash } from 'node:crypto'
import { ApiError } from '#core/contract/errors'

/**
 * Where a reader of a task's log stands. CloudWatch lets lines come late and has no position that outlives a search, so
 * a cursor is a time a little before the newest line, and which lines from then on the reader has.
 */
export interface Place {
  /** The search begins at this time, epoch ms. */
  readonly from: number
  /** Short hashes of the ids of what was given from then on. */
  readonly seen: ReadonlySet<string>
  /** Instead of hashes, where one millisecond has too many: so many of it, in CloudWatch's order, were given. */
  readonly skip: number
  /** A search that has found nothing yet and goes on; `at` is when it began. */
  readonly search?: { readonly token: string; readonly at: number } | undefined
}

export interface FoundEvent {
  readonly id: string
  readonly at: number
  readonly message: string
}

/** Of 36 bits each: that one of these meets another's is one chance in a hundred million. */
const hashChars = 6
export const seenMost = 400
/** CloudWatch's have been some hundred; a longer one is not kept, and its search begins anew. */
const tokenChars = 1_000
const shape = /^1\.([0-9a-z]{1,9})\.([0-9a-z]{1,7})\.([A-Za-z0-9_-]*)(?:\.([0-9a-z]{1,9})\.([A-Za-z0-9_-]+))?$/

export function hashOf(eventId: string): string {
  return createHash('sha256').update(eventId).digest('base64url').slice(0, hashChars)
}

export function writeCursor({ from, seen, skip, search }: Place): string {
  const words = ['1', from.toString(36), skip.toString(36), [...seen].join('')]
  if (search !== undefined && search.token.length <= tokenChars) {
    words.push(search.at.toString(36), Buffer.from(search.token).toString('base64url'))
  }
  return words.join('.')
}

export function readCursor(cursor: string): Place {
  const [, from, skip, hashes = '', at, token] = shape.exec(cursor) ?? []
  if (from === undefined || skip === undefined || hashes.length % hashChars !== 0) {
    throw new ApiError('bad-cursor', 'the cursor is none that this task’s logs gave')
  }
  const seen = new Set<string>()
  for (let start = 0; start < hashes.length; start += hashChars) seen.add(hashes.slice(start, start + hashChars))
  const search =
    at === undefined || token === undefined
      ? undefined
      : { at: Number.parseInt(at, 36), token: Buffer.from(token, 'base64url').toString('utf8') }
  return { from: Number.parseInt(from, 36), seen, skip: Number.parseInt(skip, 36), search }
}

export interface Passed {
  readonly place: Place
  /** Given now or before, in CloudWatch's order, as far as this search has come. */
  readonly events: readonly FoundEvent[]
  /** Nothing that may still come is older than this. */
  readonly settledUntil: number
  /** How long behind a later line one may come. */
  readonly lateMs: number
}

/** Where the reader stands behind these. Never repeats a line; one that comes later than `lateMs` is not seen. */
export function placeBehind({ place, events, settledUntil, lateMs }: Passed): Place {
  const newest = events.at(-1)?.at
  const from = Math.max(place.from, settledUntil, newest === undefined ? 0 : newest - lateMs)
  const kept = events.filter(({ at }) => at >= from)
  if (place.skip > 0 && newest === place.from && from === place.from) {
    return { from, seen: new Set(), skip: kept.length }
  }
  const met = new Set(events.map(({ id }) => hashOf(id)))
  // What was given before and not met again lies behind where this search ended.
  const ahead = [...place.seen].filter((hash) => !met.has(hash))
  const seen = (some: readonly FoundEvent[]) => new Set([...some.map(({ id }) => hashOf(id)), ...ahead])
  if (kept.length + ahead.length <= seenMost) return { from, seen: seen(kept), skip: 0 }
  const room = Math.max(0, seenMost - ahead.length)
  const cut = kept.at(-room - 1)?.at ?? from
  const later = kept.filter(({ at }) => at > cut)
  if (later.length > 0) return { from: cut + 1, seen: seen(later), skip: 0 }
  return { from: cut, seen: new Set(), skip: kept.filter(({ at }) => at === cut).length }
}
