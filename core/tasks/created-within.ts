import { spans } from '../contract/limits.ts'

/** What a search without `from` looks back: tasks are kept for 30 days unless told otherwise, and walks must end. */
const lookBackMs = 400 * spans.dayMs

/** Nothing is created later than this; a walk from the year 9999 would pass through empty months for ever. */
const clocksDifferMs = spans.dayMs

/** The times of creation that a search covers, epoch ms: `from` is in, `to` is not. Without `to` it ends now. */
export function createdWithin(
  now: number,
  { from, to }: { readonly from?: string | undefined; readonly to?: string | undefined },
): { readonly from: number; readonly to: number } {
  const until = Math.min(to === undefined ? now + 1 : Date.parse(to), now + clocksDifferMs)
  return { from: Math.min(from === undefined ? now - lookBackMs : Date.parse(from), until), to: until }
}
