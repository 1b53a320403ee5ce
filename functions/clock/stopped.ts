import { z } from 'zod'
import { WorkerName } from '#core/contract/names'
import type { Launcher } from '#core/ports'
import { type EcsStop, tellStop } from '#core/workers/ecs-stop'
import { launchStopped } from '#core/workers/instances'
import { scaleWorker } from '#core/workers/scale-worker'
import type { World } from '#core/world'

/**
 * An instance has stopped, says ECS ("ECS Task State Change" through EventBridge: at least once, in any order). Nobody
 * replaces a task that was started alone, so the scaler looks at once (aws.md A1 rows 7 and 8).
 */

const charsMost = 1_024
const containersMost = 20
const text = z.string().transform((said) => said.slice(0, charsMost))

/** What is read of it; ECS may add to it at any time. */
const StoppedEvent = z.object({
  time: z.iso.datetime({ offset: true }),
  detail: z.object({
    taskArn: z.string().max(charsMost),
    lastStatus: z.literal('STOPPED'),
    group: WorkerName,
    startedBy: z.string().max(charsMost),
    stopCode: text.optional(),
    stoppedReason: text.optional(),
    stoppedAt: z.iso.datetime({ offset: true }).optional(),
    containers: z
      .array(z.object({ name: text, exitCode: z.int().optional(), reason: text.optional() }))
      .transform((all) => all.slice(0, containersMost))
      .default([]),
  }),
})
type StoppedDetail = z.infer<typeof StoppedEvent>['detail']

export interface StopOptions {
  readonly hub: string
}

export type StopHeard =
  /** Not an instance of this hub, or no end of one. */
  | { readonly kind: 'ignored'; readonly why: 'not-ours' | 'check-run' }
  | { readonly kind: 'heard'; readonly worker: string; readonly reason: string }

export async function hearStop(
  world: World,
  launcher: Launcher,
  event: unknown,
  { hub }: StopOptions,
): Promise<StopHeard> {
  const parsed = StoppedEvent.safeParse(event)
  if (!parsed.success) return { kind: 'ignored', why: 'not-ours' }
  const { time, detail } = parsed.data
  const ours = `taskurai/${hub}/`
  if (!detail.startedBy.startsWith(ours)) return { kind: 'ignored', why: 'not-ours' }
  if (detail.startedBy === `${ours}check`) return { kind: 'ignored', why: 'check-run' }
  const { group: worker, taskArn: launch } = detail
  const { how, reason } = tellStop(stopOf(detail))
  const fields = { worker, launch, how, reason }
  if (how === 'crashed') world.log.warn('instance.stopped', fields)
  else world.log.info('instance.stopped', fields)
  await launchStopped(world, { worker, launch, how, reason, at: Date.parse(detail.stoppedAt ?? time) })
  await look(world, launcher, worker)
  return { kind: 'heard', worker, reason }
}

/** The container that hosts the commands is the one that the construct named so; else the first that ended badly. */
function stopOf({ containers, stopCode, stoppedReason }: StoppedDetail): EcsStop {
  const own = containers.find(({ name }) => name === 'worker')
  const bad = containers.find(({ exitCode }) => exitCode !== undefined && exitCode !== 0)
  const told = own ?? bad ?? containers[0]
  return { stopCode, stoppedReason, exitCode: told?.exitCode, containerReason: told?.reason }
}

/** A nudge that comes too early runs at the end of its second; should another be first then, that one decides. */
async function look(world: World, launcher: Launcher, worker: string): Promise<void> {
  const scaled = await scaleWorker(world, launcher, { worker, recordBells: 0 })
  if (scaled.kind !== 'later') return
  await world.clock.wait(scaled.ms)
  await scaleWorker(world, launcher, { worker, recordBells: 0 })
}
