import { limits } from './contract/limits.ts'
import type { Decision, Event, RefusalReason } from './events.ts'
import { dueOf } from './guard.ts'
import type { Head, HistoryLine } from './head.ts'
import { draftOf } from './head-draft.ts'

/** What every move is made with. */

export type Changes = { readonly [K in keyof Head]?: Head[K] | undefined }

export function to(
  head: Head,
  event: Event,
  by: string,
  changes: Changes,
  bell: { readonly bell?: { readonly delayMs: number }; readonly holdMs?: number } = {},
): Decision {
  const next = draftOf(head)
  // `undefined` removes a field, which JSON does anyway when the head is stored.
  Object.assign(next, changes)
  next.n = head.n + 1
  next.writer = event.writer
  next.modifiedAt = event.now
  next.modifiedBy = by
  next.due = dueOf(next, event.now)
  return { kind: 'move', next, ...bell }
}

/** The first line (who created it) always stays; of the others the oldest go. */
export function line(head: Head, entry: HistoryLine): readonly HistoryLine[] {
  const [at, move, by, why] = entry
  const short: HistoryLine =
    why === undefined
      ? by === undefined
        ? [at, move]
        : [at, move, by]
      : [at, move, by ?? '', why.slice(0, limits.reasonChars)]
  const lines = head.history
  if (lines.length < limits.historyEntries) return [...lines, short]
  return [...lines.slice(0, 1), ...lines.slice(2), short]
}

export function refused(reason: RefusalReason): Decision {
  return { kind: 'refused', reason }
}
