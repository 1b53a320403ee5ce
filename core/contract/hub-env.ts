import { z } from 'zod'

/**
 * What a part of a hub in an account is told by its environment: functions and worker containers alike. `lib/` sets
 * these, and is type-checked against this shape.
 */

const shards = z.coerce.number().int().min(1).max(256)
const shardsWords = 'a whole number from 1 to 256'

export const HubEnv = z.object({
  /** The hub's name, in the names and tags of everything it owns. */
  TASKURAI_HUB: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,23}$/)
    .describe("the hub's name: lower-case letters, digits and hyphens, a letter first, 24 at most"),
  TASKURAI_TABLE: z.string().min(1).describe("the name of the hub's table"),
  /** The queue of the worker `mill` lies at this address with `mill` behind it. */
  TASKURAI_QUEUE_URL_PREFIX: z.url().describe("the address of a worker's queue, without the worker's name at its end"),
  /** Where bells go that were received a thousand times. For who makes queues of workers, which the functions do. */
  TASKURAI_ATTENTION_QUEUE_ARN: z
    .string()
    .regex(/^arn:[^:]*:sqs:[^:]*:[^:]*:.+$/)
    .optional()
    .describe("the ARN of the hub's attention queue"),
  TASKURAI_BUCKET: z.string().min(1).describe("the name of the hub's bucket"),
  /** Partitions of the due index. Every number ever used is read, so it may grow but not shrink. */
  TASKURAI_DUE_SHARDS: shards.default(8).describe(shardsWords),
  /** Partitions of one directory dimension a month; grows but never shrinks, like the other. */
  TASKURAI_DIRECTORY_SHARDS: shards.default(4).describe(shardsWords),
})
export type HubEnv = z.infer<typeof HubEnv>

/** The variables as text, as CDK writes them: a template that forgets one does not compile. */
export type EnvText<Shape> = { readonly [Key in keyof Shape]: string }

/** Where the instances of a worker print: shared by whoever makes the group and whoever reads it. */
export function workerLogGroupOf(hub: string, worker: string): string {
  return `/taskurai/${hub}/worker/${worker}`
}

/** What names the queue of each worker: shared by whoever makes queues and whoever reads the prefix. */
export function queueNameOf(hub: string, worker: string): string {
  return `taskurai-${hub}-${worker}`
}
