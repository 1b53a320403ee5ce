import { z } from 'zod'
import { limits } from './limits.ts'
import { Instant } from './names.ts'

/** One line that a run of a task logged: the event and its fields as the instance printed them. */
export const LogLine = z.object({
  at: Instant,
  level: z.enum(['info', 'warn', 'error']),
  text: z.string(),
  /** Which run of the task it was, counted from 1. */
  run: z.int().optional(),
})
export type LogLine = z.infer<typeof LogLine>

export const LogQuery = z.strictObject({
  cursor: z.string().max(limits.logCursorChars).optional(),
  limit: z.coerce.number().int().min(1).max(limits.logPage).default(limits.logPage),
})

/**
 * Lines in the order in which they came. The cursor goes on behind the last line, and is the one to ask with next, also
 * where there is no line yet. An empty page without `more` means that there is nothing new. `leftOut` counts lines in
 * front of these that a noisy task has lost, since only its newest are kept.
 */
export const LogPage = z.object({
  lines: z.array(LogLine),
  cursor: z.string().optional(),
  leftOut: z.int().optional(),
  /** The search is not through yet: the next page has more, even where this one has nothing. */
  more: z.literal(true).optional(),
  /** A line may come so much later than it was printed; to look more often than some times in it is of no use. */
  lateSeconds: z.number().optional(),
})
export type LogPage = z.infer<typeof LogPage>
