import { z } from 'zod'
import { PayloadId } from './files.ts'
import { limits } from './limits.ts'
import { JsonSchema } from './manifest.ts'
import { AnyJson, CommandName, Instant, type Json, TaskId } from './names.ts'
import { NewTask } from './new-task.ts'
import { TaskError } from './task.ts'

/**
 * Durable steps as they cross the wire: what a run tells of them, and what the next run of the task is told. A step has
 * an id that its author gave; an id is used for one thing in a task's life.
 */

export const StepId = z
  .string()
  .min(1)
  .max(limits.stepIdChars)
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9 ._:/-]*$/,
    'a step id has letters, digits, space and . _ : / - and starts with a letter or digit',
  )

export const SignalName = z
  .string()
  .min(1)
  .max(limits.signalNameChars)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'a signal name has letters, digits, dot, hyphen and underscore')

export const StepKind = z.enum(['step', 'sleep', 'signal', 'call', 'create', 'wait'])
export type StepKind = z.infer<typeof StepKind>

/** When a failed sub task ends the wait for all: at once, never, or as soon as one succeeded. */
export const OnFailure = z.enum(['fail', 'continue', 'first-success'])
export type OnFailure = z.infer<typeof OnFailure>

/** `detach`: it goes on when its parent has ended, and no cancel comes down to it. */
export const OnParentEnd = z.enum(['cancel', 'detach'])
export type OnParentEnd = z.infer<typeof OnParentEnd>

/** A sub task: all that a task may say, and what becomes of it when its parent ends. */
export const NewSubTask = NewTask.extend({ onParentEnd: OnParentEnd.optional() })
export type NewSubTask = z.infer<typeof NewSubTask>

const at = z.number().min(0)
/** An open wait was told of this step before (a frozen input, a pause between tries), which goes now. */
const opened = z.literal(true).optional()
/** A value, or the payload of JSON that holds a large one. */
const value = { output: AnyJson.optional(), outputPayload: PayloadId.optional() }
const indexes = z.array(z.int().min(0).max(limits.childrenPerStep)).max(limits.childrenPerStep)

/** Which sub tasks are waited for: those of one `call` or `create`, all or some. */
export const WaitPart = z.strictObject({ step: StepId, indexes: indexes.optional() })
export type WaitPart = z.infer<typeof WaitPart>

/** A wait that is open: what it waits for was settled when it was first asked for, and never changes. */
export const OpenWait = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('sleep'), id: StepId, until: at }),
  z.strictObject({
    kind: z.literal('signal'),
    id: StepId,
    name: SignalName,
    until: at.optional(),
    /** Of the data, so that a wrong one is refused at the door while it is waited for. */
    schema: JsonSchema.optional(),
  }),
  z.strictObject({
    kind: z.literal('wait'),
    id: StepId,
    of: z.array(WaitPart).min(1).max(limits.waitParts),
    onFailure: OnFailure,
  }),
  /** A step between two tries, or one whose input was frozen before its first. */
  z.strictObject({
    kind: z.literal('step'),
    id: StepId,
    input: AnyJson.optional(),
    tries: z.int().min(0).max(limits.retryRuns).optional(),
    until: at.optional(),
    error: TaskError.optional(),
  }),
])
export type OpenWait = z.infer<typeof OpenWait>

/** What a run tells of its steps. `startedAt` and `endedAt` are epoch ms on the clock of the hub as the run knows it. */
export const StepReport = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('done'),
    id: StepId,
    ...value,
    startedAt: at,
    endedAt: at,
    tries: z.int().min(1).optional(),
    opened,
  }),
  /** For good: its own policy allows no further try, or it said so. Remembered like a success. */
  z.strictObject({
    kind: z.literal('failed'),
    id: StepId,
    error: TaskError,
    startedAt: at,
    endedAt: at,
    tries: z.int().min(1).optional(),
    opened,
  }),
  z.strictObject({ kind: z.literal('open'), wait: OpenWait }),
  /** Sub tasks `from` … of `count`; told in as many reports as the limit of a batch asks for, in order. */
  z.strictObject({
    kind: z.enum(['call', 'create']),
    id: StepId,
    count: z.int().min(1).max(limits.childrenPerStep),
    from: z.int().min(0),
    tasks: z.array(NewSubTask).min(1).max(limits.batchTasks),
    onFailure: OnFailure.optional(),
  }),
])
export type StepReport = z.infer<typeof StepReport>

/** What became of the sub tasks of a wait. Outputs lie in it while they are small; else they are fetched in pages. */
export interface Joined {
  readonly count: number
  /** Those that did not succeed, by their place in the wait; the first hundred of them. */
  readonly failed: readonly {
    readonly index: number
    readonly taskId: string
    readonly status: string
    readonly error?: TaskError | undefined
  }[]
  readonly failedCount: number
  /** Of `first-success`: which one. */
  readonly first?: number | undefined
  readonly outputs?: readonly (Json | null)[] | undefined
}

/** One step as the hub remembers it, told with the grant, in answer to a report, and to people. */
export const StepRecord = z.object({
  id: z.string(),
  kind: StepKind,
  state: z.enum(['open', 'done', 'failed']),
  output: AnyJson.optional(),
  outputPayload: z.string().optional(),
  error: TaskError.optional(),
  startedAt: z.number().optional(),
  endedAt: z.number().optional(),
  tries: z.number().optional(),
  /** An open wait, as it was asked for. */
  wait: OpenWait.optional(),
  /** Of `call` and `create`: how many, and for those that were made anew by a manual retry, in which. */
  count: z.number().optional(),
  attempts: z.record(z.string(), z.number()).optional(),
})
export type StepRecord = z.infer<typeof StepRecord>

/** What `GET /v1/tasks/{id}/steps` tells: steps with their times, the oldest first. */
export const Step = z.object({
  id: z.string(),
  kind: StepKind,
  state: z.enum(['open', 'done', 'failed']),
  startedAt: Instant.optional(),
  endedAt: Instant.optional(),
  tries: z.number().optional(),
  output: AnyJson.optional(),
  error: TaskError.optional(),
  waitsFor: z.string().optional(),
  until: Instant.optional(),
  count: z.number().optional(),
})
export type Step = z.infer<typeof Step>

/** What a caller sends with a signal. Its id, or the Idempotency-Key, makes a repeat harmless. */
export const NewSignal = z.strictObject({
  data: AnyJson.optional(),
  id: z.string().min(1).max(limits.idempotencyKeyChars).optional(),
})
export type NewSignal = z.infer<typeof NewSignal>

export const ChildSummary = z.object({ id: TaskId, command: CommandName, step: z.string(), index: z.number() })
