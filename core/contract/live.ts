import { z } from 'zod'
import { limits } from './limits.ts'
import { Instant } from './names.ts'
import { Task, TaskError } from './task.ts'

/** Watching tasks: tokens, and the messages of a connection. The same in both homes. */

/** `outline` is for an end user's browser; `full` is the envelope as a signed caller gets it. */
export const WatchView = z.enum(['outline', 'full'])
export type WatchView = z.infer<typeof WatchView>

const options = {
  expiresInSeconds: z.int().min(1).max(limits.watchTokenSeconds).optional(),
  view: WatchView.default('outline'),
}

export const TaskWatchRequest = z.strictObject(options)
export type TaskWatchRequest = z.infer<typeof TaskWatchRequest>

const reference = z.string().min(1).max(limits.referenceChars)

/** All tasks of one subject: of a user, an account, or a correlation. */
export const SubjectWatchRequest = z
  .strictObject({
    userId: reference.optional(),
    accountId: reference.optional(),
    correlationId: reference.optional(),
    ...options,
  })
  .refine(
    ({ userId, accountId, correlationId }) =>
      [userId, accountId, correlationId].filter((value) => value !== undefined).length === 1,
    'name one of userId, accountId and correlationId',
  )
export type SubjectWatchRequest = z.infer<typeof SubjectWatchRequest>

export const WatchTokenId = z
  .string()
  .regex(/^[0-9A-HJKMNP-TV-Z]{26}$/, 'a token id has 26 characters of the ULID alphabet')

/** `token` is told once. `url` is what a browser opens: it has the token in it, so it is as secret. */
export const CreatedWatchToken = z.object({ id: WatchTokenId, token: z.string(), url: z.url(), expiresAt: Instant })
export type CreatedWatchToken = z.infer<typeof CreatedWatchToken>

/** What an end user may see of a task: what is in this list, and nothing that comes to the envelope later by itself. */
export const TaskOutline = Task.pick({
  id: true,
  command: true,
  version: true,
  parentId: true,
  rootId: true,
  correlationId: true,
  subject: true,
  description: true,
  category: true,
  externalId: true,
  accountId: true,
  userId: true,
  tags: true,
  createdAt: true,
  modifiedAt: true,
  startAfter: true,
  notStartAfter: true,
  startedAt: true,
  runStartedAt: true,
  retryAfter: true,
  stoppedAt: true,
  expiresAt: true,
  status: true,
  statusCode: true,
  runCount: true,
  crashCount: true,
  cancelRequested: true,
  progress: true,
  result: true,
}).extend({ error: TaskError.omit({ details: true }).optional() })
export type TaskOutline = z.infer<typeof TaskOutline>

/**
 * A state of a task. `version` orders the states of one task as text: one that is not behind the last one seen is old,
 * and to be dropped. `omitted` names, as JSON pointers into the task, what was too large to be sent.
 */
export const TaskMessage = z.object({
  type: z.literal('task'),
  task: z.union([Task, TaskOutline]),
  version: z.string(),
  omitted: z.array(z.string()).optional(),
})
export interface TaskMessage {
  readonly type: 'task'
  readonly task: Task | TaskOutline
  readonly version: string
  readonly omitted?: readonly string[] | undefined
}

/** Why the hub closes a connection, beside the end of the task. */
export const RefusedCode = z.enum([
  /** A new token is needed. */
  'token-expired',
  'token-revoked',
  /** Too many are connected with this token, or to this task or subject. */
  'too-many',
  /** It said too much. */
  'noisy',
  /** Come back with the same token. */
  'lifetime-over',
  'too-slow',
  'failed',
  'hub-stopping',
])
export type RefusedCode = z.infer<typeof RefusedCode>

/** What the hub says. Others may come later: a client passes over what it does not know. */
export type LiveMessage =
  | TaskMessage
  /** The task has ended, and its last state was sent: nothing follows. */
  | { readonly type: 'end' }
  | { readonly type: 'pong' }
  | { readonly type: 'refused'; readonly code: RefusedCode; readonly detail: string }

/** What a watcher may say. `start` asks for the state anew. */
export const WatcherMessage = z.object({ type: z.enum(['ping', 'start']) })

/** The close code that goes with it, where the home can choose one. */
export const closeCodes = {
  ended: 1000,
  'hub-stopping': 1001,
  'token-expired': 4403,
  'token-revoked': 4403,
  'lifetime-over': 4408,
  'too-slow': 4408,
  failed: 1011,
  'too-many': 4429,
  noisy: 4429,
} as const satisfies Record<RefusedCode | 'ended', number>
export type CloseReason = keyof typeof closeCodes
