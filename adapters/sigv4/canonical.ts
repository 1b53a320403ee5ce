import { hasDotSegment } from '#core/permission'

/**
 * The canonical request of SigV4, as its different signers write it.
 *
 * Signers don't agree on how path and query are written down: the AWS SDKs encode the path a second time and sort a
 * decoded query; botocore sorts the query as sent; curl before 8.3 signs path and query exactly as sent. So each is
 * one candidate, and a signature is good when it fits one of them.
 *
 * 1. Whatever form was signed, it means the same decoded path and the same decoded query as what was received. That
 *    is why the path as sent is no candidate once it holds `%25` (it could be another path's second encoding), and
 *    why a `+` in the query is a space, as the router will read it.
 * 2. All text is bytes, one character each (latin1), as Node hands over request line and headers.
 */

export interface Target {
  readonly paths: readonly string[]
  readonly queries: readonly string[]
}

export type TargetOutcome =
  | { readonly ok: true; readonly target: Target }
  | { readonly ok: false; readonly message: string }

export const MAX_URL_LENGTH = 8_192
export const MAX_QUERY_PAIRS = 256

// Visible ASCII and raw bytes; no backslash, which URL parsers read as a slash, and no fragment.
const URL_CHARACTERS = /^\/[\x21-\x22\x24-\x5b\x5d-\x7e\x80-\xff]*$/
// Nothing that encoding or normalising would change: then every candidate is the same, and most requests are plain.
const PLAIN_PATH = /^[A-Za-z0-9/._~-]*$/
const BROKEN_ESCAPE = /%(?![0-9A-Fa-f]{2})/

/** Splits a received URL (path and query) into what its signer may have written down for it. */
export function readTarget(url: string): TargetOutcome {
  if (url.length > MAX_URL_LENGTH) return refuse(`is longer than ${MAX_URL_LENGTH} characters`)
  if (!URL_CHARACTERS.test(url)) return refuse('must begin with / and be percent-encoded')
  if (BROKEN_ESCAPE.test(url)) return refuse('has a % that no two hex digits follow')
  const mark = url.indexOf('?')
  const path = mark < 0 ? url : url.slice(0, mark)
  if (path.includes('//') || hasDotSegment(path)) return refuse('has an empty, . or .. segment in its path')
  const rawQuery = mark < 0 ? '' : url.slice(mark + 1)
  if (rawQuery === '') return { ok: true, target: { paths: pathForms(path), queries: [''] } }
  const pairs = rawQuery.split('&')
  if (pairs.length > MAX_QUERY_PAIRS) return refuse(`has more than ${MAX_QUERY_PAIRS} pairs in its query`)
  return { ok: true, target: { paths: pathForms(path), queries: queryForms(rawQuery, pairs) } }
}

/** A header's value as every signer writes it: trimmed, runs of white space as one space. */
export function canonicalHeaderValue(value: string): string {
  // Not trim(): read as latin1, a letter's second byte may be 0xA0, which JavaScript takes for white space.
  return value.replace(/[ \t\r\n]+/g, ' ').replace(/^ | $/g, '')
}

function pathForms(path: string): readonly string[] {
  if (PLAIN_PATH.test(path)) return [path]
  const encodedAgain = encodeBytes(path, true)
  return path.includes('%25') ? [encodedAgain] : [encodedAgain, path]
}

function queryForms(raw: string, rawPairs: readonly string[]): readonly string[] {
  const split = rawPairs.map(splitPair)
  const normal = split.filter(([name, value]) => name !== '' || value !== '').map(normalisePair)
  return [...new Set([joinSorted(normal), joinSorted(split), raw])]
}

type Pair = readonly [name: string, value: string]

function splitPair(pair: string): Pair {
  const equals = pair.indexOf('=')
  return equals < 0 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)]
}

function normalisePair([name, value]: Pair): Pair {
  return [encodeBytes(decodeBytes(name), false), encodeBytes(decodeBytes(value), false)]
}

/** Sorted by name and then by value: sorting the joined text would put `a-=` before `a=`. */
function joinSorted(pairs: readonly Pair[]): string {
  return [...pairs]
    .sort(([a, x], [b, y]) => compare(a, b) || compare(x, y))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
}

function compare(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

function decodeBytes(text: string): string {
  return text
    .replace(/\+/g, ' ')
    .replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))
}

function encodeBytes(bytes: string, keepSlash: boolean): string {
  return bytes.replace(keepSlash ? /[^A-Za-z0-9\-._~/]/g : /[^A-Za-z0-9\-._~]/g, (byte) => {
    return `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
  })
}

function refuse(what: string): TargetOutcome {
  return { ok: false, message: `The request's URL ${what}.` }
}
