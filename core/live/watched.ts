import type { Decision, Event } from '../events.ts'
import type { Head } from '../head.ts'
import { refused } from '../make-move.ts'

/** As what a task can be watched: itself, or as one of those that belong to a user, an account, a correlation. */
export const watchKinds = ['task', 'user', 'account', 'correlation'] as const
export type WatchKind = (typeof watchKinds)[number]

/** Until when it may be watched as what. Epoch ms. */
export type Watched = { readonly [Kind in WatchKind]?: number | undefined }

/**
 * The mark that makes an unwatched task cost its follower nothing: whatever is written after it carries it, so whoever
 * follows that write up looks for the watchers. Nothing that people would see as a change, and no matter for the run
 * that owns the task: its next write meets a conflict and is decided again.
 */
export function watch(head: Head, event: Extract<Event, { kind: 'watch' }>): Decision {
  const { watched = {} } = head
  const missing = event.by.filter((kind) => (watched[kind] ?? 0) < event.needed)
  if (missing.length === 0) return refused('already-watched')
  const standing = Object.entries(watched).filter(([, until]) => until !== undefined && until > event.now)
  const marked: Watched = Object.fromEntries([...standing, ...missing.map((kind) => [kind, event.until] as const)])
  return { kind: 'move', next: { ...head, n: head.n + 1, writer: event.writer, watched: marked } }
}

/** As what it is watched now, as far as its head knows. */
export function watchedAs({ watched }: Head, now: number): readonly WatchKind[] {
  if (watched === undefined) return []
  return watchKinds.filter((kind) => (watched[kind] ?? 0) > now)
}
