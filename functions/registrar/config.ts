import { z } from 'zod'
import { EcsLaunch } from '#core/contract/ecs-launch'
import { HubEnv } from '#core/contract/hub-env'
import { Manifest } from '#core/contract/manifest'
import { WorkerName } from '#core/contract/names'

/** The environment of the registrar's function. */
export const RegistrarEnv = HubEnv

/** What `addWorker` hands to the custom resource. CloudFormation makes texts of all leaves, so it travels as JSON. */
export const RegistrarProps = z.object({
  worker: WorkerName,
  launch: EcsLaunch,
  /** JSON of what to use of the manifest: all of it (from a module or a file), or the scale alone, and the rest from the check run. */
  manifest: Manifest.optional(),
  scaling: z
    .strictObject({ min: z.int().min(0), max: z.int().min(0), tasksPerInstance: z.int().min(1).optional() })
    .optional(),
  concurrency: z.int().min(1).optional(),
  idleSeconds: z.number().min(0).optional(),
  /** Whether one instance of the new revision is started with --check before anything uses it. */
  verify: z.boolean(),
})
export type RegistrarProps = z.infer<typeof RegistrarProps>

/** The properties of the custom resource as the template holds them. */
export interface RegistrarResource {
  readonly ServiceToken: string
  /** `RegistrarProps` as JSON. */
  readonly Registration: string
}
