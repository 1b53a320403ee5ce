import { ApiError } from '#core/contract/errors'
import type { Ids } from '#core/ports'

/** Where a list goes on. Opaque, and bound to the query it came from: of another query it would skip or repeat tasks. */

const hashChars = 16

export function writeCursor(ids: Ids, query: readonly unknown[], after: string): string {
  return Buffer.from(JSON.stringify({ q: hashOf(ids, query), a: after })).toString('base64url')
}

export function readCursor(ids: Ids, query: readonly unknown[], cursor: string): string {
  const read = decode(cursor)
  if (read === undefined) throw new ApiError('bad-cursor', 'the cursor is broken; pass it just as the list gave it')
  if (read.q !== hashOf(ids, query)) {
    throw new ApiError('bad-cursor', 'the cursor belongs to another query; but for the limit, keep it just as it was')
  }
  return read.a
}

function decode(cursor: string): { readonly q: string; readonly a: string } | undefined {
  if (!/^[A-Za-z0-9_-]+$/.test(cursor)) return undefined
  try {
    const { q, a } = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
    return typeof q === 'string' && typeof a === 'string' && /^\d{13}(?:#[0-9A-Z]{26})?$/.test(a) ? { q, a } : undefined
  } catch {
    // Whatever it is, it is none of ours.
    return undefined
  }
}

function hashOf(ids: Ids, query: readonly unknown[]): string {
  return ids.sha256(JSON.stringify(query)).slice(0, hashChars)
}
