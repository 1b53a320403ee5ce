import { z } from 'zod'
import { TaskFile } from './files.ts'
import { limits } from './limits.ts'
import { AnyJson, CommandName, CommandVersion, Instant, type Json, TaskId, WorkerId } from './names.ts'

export const Status = z.enum([
  'waiting',
  'queued',
  'running',
  'suspended',
  'succeeded',
  'failed',
  'canceled',
  'expired',
])
export type Status = z.infer<typeof Status>

export const terminalStatuses = ['succeeded', 'failed', 'canceled', 'expired'] as const satisfies readonly Status[]
export type TerminalStatus = (typeof terminalStatuses)[number]

export function isTerminal(status: Status): status is TerminalStatus {
  return status === 'succeeded' || status === 'failed' || status === 'canceled' || status === 'expired'
}

/** How failed runs are repeated. Delay before run k+1: min(maxSeconds, minSeconds · factor^(k-1)), then full jitter. */
export const Retry = z
  .strictObject({
    maxRuns: z.int().min(1).max(limits.retryRuns).default(3),
    minSeconds: z.number().min(0).max(limits.retrySeconds).default(1),
    maxSeconds: z.number().min(0).max(limits.retrySeconds).default(300),
    factor: z.number().min(1).max(10).default(2),
    jitter: z.enum(['full', 'none']).default('full'),
  })
  .refine((retry) => retry.maxSeconds >= retry.minSeconds, 'maxSeconds is at least minSeconds')
export type Retry = z.infer<typeof Retry>

export const Progress = z.object({ percent: z.number(), message: z.string().optional(), at: Instant })

export const ErrorDetail = z.strictObject({
  code: z.string().max(64).optional(),
  message: z.string().max(limits.messageChars),
})

/** Why a task failed, in words for people and a code for programs. */
export const TaskError = z.strictObject({
  code: z.string().min(1).max(64),
  message: z.string().max(limits.messageChars),
  details: z.array(ErrorDetail).max(limits.errorDetails).optional(),
  retryable: z.boolean(),
})
export type TaskError = z.infer<typeof TaskError>

export const ResultMessage = z.strictObject({
  code: z.string().max(64).optional(),
  message: z.string().max(limits.messageChars),
})

/** `outputApart`: the output is the file `.output`; a client fetches it by itself. */
export const TaskResult = z.strictObject({
  output: AnyJson.optional(),
  outputApart: z.literal(true).optional(),
  messages: z.array(ResultMessage).max(limits.messages).optional(),
  files: z.array(TaskFile).optional(),
})
export interface TaskResult {
  readonly output?: Json | undefined
  readonly outputApart?: true | undefined
  readonly messages?: readonly z.infer<typeof ResultMessage>[] | undefined
  readonly files?: readonly TaskFile[] | undefined
}

/** One entry of the desk's timeline: what moved when, by whom and why. */
export const HistoryEntry = z.object({
  at: Instant,
  move: z.string(),
  by: z.string().optional(),
  why: z.string().optional(),
})

/** Why a task is not running: always answerable while it is neither running nor ended. */
export const WaitingFor = z.object({ kind: z.string(), message: z.string(), until: Instant.optional() })
export type WaitingFor = z.infer<typeof WaitingFor>

/** The envelope as every reader sees it: one flat JSON object, the same for every command. */
export const Task = z.object({
  id: TaskId,
  command: CommandName,
  version: CommandVersion,
  worker: WorkerId,
  parentId: TaskId.optional(),
  rootId: TaskId.optional(),
  onParentEnd: z.enum(['cancel', 'detach']).optional(),
  /** How many tasks it depends on. `GET …/dependencies` is not needed to know why it waits: `waitingFor` says it. */
  dependencies: z.int().optional(),
  onDependencyFailure: z.enum(['fail', 'continue']).optional(),
  isolationKey: z.string().optional(),
  correlationId: z.string(),
  traceParent: z.string().optional(),
  subject: z.string().optional(),
  description: z.string().optional(),
  category: z.string().optional(),
  externalId: z.string().optional(),
  accountId: z.string().optional(),
  userId: z.string().optional(),
  tags: z.record(z.string(), z.string()).optional(),
  unlisted: z.boolean().optional(),
  arguments: AnyJson.optional(),
  /** The arguments are the file `.arguments`; a client and a worker fetch it by themselves. */
  argumentsApart: z.literal(true).optional(),
  files: z.array(TaskFile).optional(),
  createdAt: Instant,
  createdBy: z.string(),
  modifiedAt: Instant,
  modifiedBy: z.string(),
  startAfter: Instant.optional(),
  notStartAfter: Instant.optional(),
  startedAt: Instant.optional(),
  runStartedAt: Instant.optional(),
  retryAfter: Instant.optional(),
  stoppedAt: Instant.optional(),
  expiresAt: Instant.optional(),
  status: Status,
  statusCode: z.int(),
  runCount: z.int(),
  crashCount: z.int().optional(),
  cancelRequested: z.boolean().optional(),
  progress: Progress.optional(),
  result: TaskResult.optional(),
  error: TaskError.optional(),
  history: z.array(HistoryEntry),
  waitingFor: WaitingFor.optional(),
  retry: Retry,
  timeoutSeconds: z.number().optional(),
  leaseSeconds: z.number(),
  retentionSeconds: z.number(),
})
export type Task = z.infer<typeof Task>
