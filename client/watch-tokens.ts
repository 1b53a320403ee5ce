import type { CreatedWatchToken, WatchView } from '../core/contract/live.ts'
import { call, type Line } from './call.ts'
import { segment } from './submit.ts'

/** What a watch address shows: a task, or all tasks of a user, an account or a correlation. */
export type Watched =
  | string
  | { readonly id: string }
  | { readonly userId: string }
  | { readonly accountId: string }
  | { readonly correlationId: string }

export interface WatchTokenOptions {
  /** An hour by default, a week at most. */
  readonly expiresInSeconds?: number | undefined
  /** `outline` by default: what an end user may see. `full` is the envelope as `get` gives it. */
  readonly view?: WatchView | undefined
  readonly signal?: AbortSignal | undefined
}

export async function createWatchToken(
  line: Line,
  watched: Watched,
  { expiresInSeconds, view, signal }: WatchTokenOptions = {},
): Promise<CreatedWatchToken> {
  const options = { expiresInSeconds, view }
  // A token whose answer was lost is one that nobody knows: it goes with its time.
  const request =
    typeof watched === 'string' || 'id' in watched
      ? { path: `/v1/tasks/${segment(typeof watched === 'string' ? watched : watched.id)}/watch-token`, body: options }
      : { path: '/v1/watch-tokens', body: { ...subjectOf(watched), ...options } }
  return (await call(line, { method: 'POST', ...request, signal })) as CreatedWatchToken
}

export async function removeWatchToken(line: Line, id: string): Promise<void> {
  await call(line, { method: 'DELETE', path: `/v1/watch-tokens/${segment(id)}` })
}

/** A task that is handed over by mistake has a correlation too, and a session may hold more than what is watched. */
function subjectOf(watched: Exclude<Watched, string | { readonly id: string }>): object {
  if ('userId' in watched) return { userId: watched.userId }
  if ('accountId' in watched) return { accountId: watched.accountId }
  return { correlationId: watched.correlationId }
}
