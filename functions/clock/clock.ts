import { spans } from '#core/contract/limits'
import { sweepPayloads } from '#core/files/sweep'
import type { Launcher } from '#core/ports'
import { auditCommand } from '#core/tasks/audit'
import { tickTasks } from '#core/tasks/tick'
import { type Fleet, instanceSilentMs, readFleet, readInstances } from '#core/workers/fleet'
import { deleteInstance } from '#core/workers/instances'
import { readWorkerNames } from '#core/workers/put-worker'
import { scaleWorker } from '#core/workers/scale-worker'
import type { World } from '#core/world'

/** A bell older than this may have been dropped by the queue itself, whatever its depth says. */
const bellLifeMs = 12 * spans.dayMs

/** Looks at everything that is due. Both homes call it: the Lambda each minute, the embedded hub more often. */
export async function tickDue(world: World): Promise<number> {
  const fleets = new Map<string, Fleet>()
  for (const worker of await readWorkerNames(world)) {
    const read = await readFleet(world, worker)
    if (read !== undefined) fleets.set(worker, read.fleet)
  }
  const { looked } = await tickTasks(world, {
    bellMustBeGone: (worker, rungAt) => {
      const emptyAt = fleets.get(worker)?.emptyAt
      return (emptyAt !== undefined && emptyAt > rungAt) || world.clock.now() - rungAt > bellLifeMs
    },
  })
  return looked
}

/** The audit waits while the feed is so far behind: tasks without a row yet would be passed over (protocol 11). */
const feedLagMostMs = 30 * 60_000

export interface MinuteOptions {
  /** How old the oldest change is that the reactor has not worked off; absent where rows are made with the heads. */
  readonly feedLagMs?: () => number
  /** When the last tick was, epoch ms, where reading costs money: audits then wait for the next five minutes. */
  readonly lastTickAt?: number | undefined
}

/** Once a minute: fleets are looked at, instances that fell silent are forgotten, and tasks an hour old are audited. */
export async function tickMinute(world: World, launcher: Launcher, options: MinuteOptions = {}): Promise<void> {
  await sweepPayloads(world).catch((error: unknown) => {
    world.log.error('clock.payloads-failed', { error: String(error) })
  })
  const audits = isAuditDue(world.clock.now(), options.lastTickAt) && (options.feedLagMs?.() ?? 0) <= feedLagMostMs
  for (const worker of await readWorkerNames(world)) {
    // One worker that cannot be looked after must not leave the others alone.
    try {
      await forgetSilent(world, worker)
      await scaleWorker(world, launcher, { worker, recordBells: 0, isTick: true })
      if (audits) await auditWorker(world, worker)
    } catch (error) {
      world.log.error('clock.worker-failed', { worker, error: String(error) })
    }
  }
}

/** Reading a command's rows each minute would be a large part of what an idle hub costs. */
const auditEveryMs = 300_000

/** In the first tick of each five minutes, whichever of them that is. */
function isAuditDue(now: number, lastTickAt: number | undefined): boolean {
  return lastTickAt === undefined || Math.floor(lastTickAt / auditEveryMs) !== Math.floor(now / auditEveryMs)
}

async function auditWorker(world: World, worker: string): Promise<void> {
  const read = await readFleet(world, worker)
  const commands = new Set(read?.fleet.manifest.commands.map(({ name }) => name))
  for (const command of commands) await auditCommand(world, command)
}

async function forgetSilent(world: World, worker: string): Promise<void> {
  const now = world.clock.now()
  for (const instance of await readInstances(world, worker)) {
    if (now - instance.seenAt <= 2 * instanceSilentMs) continue
    world.log.warn('clock.instance-silent', { worker, instance: instance.id })
    await deleteInstance(world, worker, instance.id)
  }
}
