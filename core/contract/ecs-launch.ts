import { z } from 'zod'

/** How the instances of a worker are started on Fargate: the fleet item keeps it, the launcher repeats it exactly. */
export const EcsLaunch = z.strictObject({
  kind: z.literal('ecs'),
  cluster: z.string().min(1),
  /** The full ARN of one revision. It is never deregistered while it is wanted (aws.md A1). */
  taskDefinition: z.string().regex(/:task-definition\/[^:]+:\d+$/, 'the ARN of one revision'),
  /** The worker's own container in it. */
  container: z.string().min(1),
  subnets: z.array(z.string().min(1)).min(1).max(16),
  securityGroups: z.array(z.string().min(1)).min(1).max(5),
  assignPublicIp: z.boolean(),
  capacity: z.enum(['on-demand', 'spot', 'spot-then-on-demand']).default('on-demand'),
})
export type EcsLaunch = z.infer<typeof EcsLaunch>

/**
 * The opaque generation of a revision, `family:number`: an instance learns the same from the metadata endpoint of its
 * container. Compared for equality only, since a rollback goes to a smaller number.
 */
export function generationOf(taskDefinition: string): string {
  return taskDefinition.slice(taskDefinition.lastIndexOf('/') + 1)
}
