import { z } from 'zod'
import { NewFiles, PayloadId } from './files.ts'
import { limits } from './limits.ts'
import { CommandName, CommandVersion, Instant, IsolationKey, taskIdPattern } from './names.ts'
import { Retry } from './task.ts'
import { TraceParent } from './trace-parent.ts'

const text = (chars: number) => z.string().max(chars)
const reference = text(limits.referenceChars)

export const Tags = z
  .record(z.string().min(1).max(limits.tagKeyChars), text(limits.tagValueChars))
  .refine((tags) => Object.keys(tags).length <= limits.tags, `at most ${limits.tags} tags`)

/** The fields that people read and may change at any time. */
const peopleFields = {
  subject: text(limits.subjectChars).optional(),
  description: text(limits.descriptionChars).optional(),
  category: text(limits.categoryChars).optional(),
  externalId: reference.optional(),
  accountId: reference.optional(),
  userId: reference.optional(),
  tags: Tags.optional(),
  unlisted: z.boolean().optional(),
}

/** `{ "seconds": 90 }` counts from the moment the hub takes the task, so that a caller's wrong clock does no harm. */
export const When = z.union([Instant, z.strictObject({ seconds: z.number().min(0).max(limits.delaySeconds) })])
export type When = z.infer<typeof When>

const configFields = {
  ...peopleFields,
  correlationId: reference.min(1).optional(),
  traceParent: TraceParent.optional(),
  startAfter: When.optional(),
  notStartAfter: When.optional(),
  retry: Retry.optional(),
  timeoutSeconds: z.number().min(1).max(limits.timeoutSeconds).optional(),
  leaseSeconds: z.number().min(limits.leaseSecondsLeast).max(limits.leaseSeconds).optional(),
  retentionSeconds: z.number().min(60).max(limits.retentionSeconds).optional(),
  /** Uploaded before, each named for the run. */
  files: NewFiles.optional(),
  /** Tasks that must end first: ids, and in a batch the `ref`s of others of the same call. */
  dependsOn: z.array(z.string().min(1).max(limits.refChars)).min(1).max(limits.dependencies).optional(),
  onDependencyFailure: z.enum(['fail', 'continue']).optional(),
  /** Only workers that were registered under this key take it: a developer's own, say. */
  isolationKey: IsolationKey.optional(),
  /** Instead of `arguments`, where they are larger than a body should carry: a payload of JSON. */
  argumentsPayload: PayloadId.optional(),
}

/**
 * What a caller sends to create a task. Unknown fields are refused, so that a typing error cannot be lost in silence.
 * `arguments` is checked by the command's own JSON Schema afterwards.
 */
export const NewTask = z.strictObject({
  command: CommandName,
  version: CommandVersion.optional(),
  arguments: z.unknown().optional(),
  ...configFields,
})
export type NewTask = z.infer<typeof NewTask>

/** The same under `/v1/commands/{command}/tasks`, where the path names the command. */
export const NewTaskOfCommand = NewTask.omit({ command: true })

/** A name for a task within its batch, so that others there can depend on it before it has an id. */
export const TaskRef = z
  .string()
  .max(limits.refChars)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'a ref has letters, digits, dot, hyphen and underscore')
  .refine((ref) => !taskIdPattern.test(ref), 'a ref may not look like the id of a task')

export const NewBatchTask = NewTask.extend({ ref: TaskRef.optional() })
export type NewBatchTask = z.infer<typeof NewBatchTask>

export const NewBatch = z.strictObject({ tasks: z.array(NewBatchTask).min(1).max(limits.batchTasks) })
export type NewBatch = z.infer<typeof NewBatch>
export const NewBatchOfCommand = z.strictObject({
  tasks: z
    .array(NewBatchTask.omit({ command: true }))
    .min(1)
    .max(limits.batchTasks),
})

/** A field set to null is removed. The two times may change only until the task runs. */
export const TaskPatch = z
  .strictObject({
    subject: peopleFields.subject.unwrap().nullable().optional(),
    description: peopleFields.description.unwrap().nullable().optional(),
    category: peopleFields.category.unwrap().nullable().optional(),
    externalId: reference.nullable().optional(),
    accountId: reference.nullable().optional(),
    userId: reference.nullable().optional(),
    tags: Tags.nullable().optional(),
    startAfter: When.nullable().optional(),
    notStartAfter: When.nullable().optional(),
  })
  .refine((patch) => Object.keys(patch).length > 0, 'a patch names at least one field')
export type TaskPatch = z.infer<typeof TaskPatch>

export const CancelRequest = z.strictObject({ reason: text(limits.reasonChars).optional() })
export const RetryRequest = z.strictObject({ reason: text(limits.reasonChars).optional() })
