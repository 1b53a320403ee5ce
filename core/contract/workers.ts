import { z } from 'zod'
import { limits } from './limits.ts'
import { Manifest } from './manifest.ts'
import { Instant, WorkerId } from './names.ts'

/** PUT /v1/workers/{name}: the manifest and how the hub starts instances; without `launch` they are started by hand. */
export const PutWorker = z.strictObject({
  manifest: Manifest,
  launch: z.strictObject({ module: z.string().min(1).max(4_096) }).optional(),
})
export type PutWorker = z.infer<typeof PutWorker>

/** A worker as everybody sees it. `instances` counts the live ones, `starting` the launches not yet registered. */
export const WorkerView = z.object({
  name: WorkerId,
  commands: z.array(z.object({ name: z.string(), version: z.int() })),
  instances: z.int(),
  starting: z.int(),
  freeSlots: z.int(),
  backlog: z.int(),
  paused: z.boolean(),
  scaling: z.object({ min: z.int(), max: z.int(), tasksPerInstance: z.int() }),
  concurrency: z.int(),
  generation: z.string().optional(),
  breaker: z.object({ failures: z.int(), openUntil: Instant, reason: z.string() }).optional(),
})
export type WorkerView = z.infer<typeof WorkerView>

export const PauseRequest = z.strictObject({ reason: z.string().max(limits.reasonChars).optional() })
