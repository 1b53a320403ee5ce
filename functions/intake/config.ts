import { z } from 'zod'
import { HubEnv } from '#core/contract/hub-env'

/** The environment of the function that turns events into tasks. */
export const IntakeEnv = HubEnv

/**
 * What a rule's input transformer makes of an event. One that cannot become a task makes the function throw, so the
 * function needs a place for what failed: an on-failure destination, whose records carry the reason.
 */
export const IntakeInput = z.strictObject({
  /** The event's own id: the same event, delivered again, is the same task. */
  id: z.string().min(1).max(64),
  /** Names the rule where two rules make tasks of one command from one event; they are two tasks then. */
  rule: z.string().min(1).max(50).optional(),
  command: z.string(),
  /** What the rule picked from the event. Checked like any caller's. */
  arguments: z.unknown().optional(),
  source: z.string().min(1).max(256),
  detailType: z.string().max(256),
  /** When it happened, by the event. */
  time: z.string().max(64),
})
export type IntakeInput = z.infer<typeof IntakeInput>
