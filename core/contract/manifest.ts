import { z } from 'zod'
import { reservedPrefix } from './bulk.ts'
import { limits } from './limits.ts'
import { CommandName, CommandVersion, IsolationKey, WorkerName } from './names.ts'
import { Retry } from './task.ts'

/** JSON Schema as data: an object or a boolean. The door compiles it once and refuses what it cannot bound. */
export const JsonSchema = z.union([z.boolean(), z.record(z.string(), z.unknown())])
export type JsonSchema = z.infer<typeof JsonSchema>

export const ManifestCommand = z.strictObject({
  name: CommandName.refine(
    (name) => !name.startsWith(reservedPrefix),
    `names that begin with ${reservedPrefix} are the hub's own`,
  ),
  version: CommandVersion.default(1),
  /** It was defined without a version: it takes every version that its worker hosts nothing else for. */
  fallback: z.literal(true).optional(),
  input: JsonSchema.optional(),
  output: JsonSchema.optional(),
  retry: Retry.optional(),
  timeoutSeconds: z.number().min(1).max(limits.timeoutSeconds).optional(),
  leaseSeconds: z.number().min(limits.leaseSecondsLeast).max(limits.leaseSeconds).optional(),
  /** A task of it that is canceled between two of its runs is run once more, so that it can undo what it did. */
  runsOnCancel: z.literal(true).optional(),
})
export type ManifestCommand = z.infer<typeof ManifestCommand>

export const Scaling = z
  .strictObject({
    min: z.int().min(0).max(limits.instances).default(0),
    max: z.int().min(0).max(limits.instances).default(4),
    /** Waiting tasks that justify one instance; by default an instance's concurrency. */
    tasksPerInstance: z.int().min(1).max(1_000_000).optional(),
  })
  .refine((scaling) => scaling.max >= scaling.min, 'max is at least min')
export type Scaling = z.infer<typeof Scaling>

/** When an instance makes room for a fresh one. It drains first; the scaler starts another while there is work. */
export const Recycle = z.strictObject({
  maxTasks: z.int().min(1).optional(),
  maxSeconds: z.number().min(1).optional(),
  maxMemoryMb: z.number().min(1).optional(),
})
export type Recycle = z.infer<typeof Recycle>

/** What a worker is, told without running it: the API can route and validate before any instance ever ran. */
export const Manifest = z.strictObject({
  manifest: z.literal(1).default(1),
  name: WorkerName,
  /** Only tasks that were submitted under this key are for it: a developer's own. Its instances are started by hand. */
  isolationKey: IsolationKey.optional(),
  commands: z.array(ManifestCommand).min(1).max(limits.manifestCommands),
  concurrency: z.int().min(1).max(limits.concurrency).default(1),
  scaling: Scaling.default({ min: 0, max: 4 }),
  idleSeconds: z.number().min(0).max(86_400).default(30),
  recycle: Recycle.optional(),
})
export type Manifest = z.infer<typeof Manifest>
