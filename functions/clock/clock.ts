import { spans } from '#core/contract/limits'
import { sweepPayloads } from '#core/files/sweep'
import type { Key, Launcher } from '#core/ports'
import { auditCommand } from '#core/tasks/audit'
import { dueEntries, tickTasks } from '#core/tasks/tick'
import { type Fleet, instanceSilentMs, readFleet, readInstances, silentMs } from '#core/workers/fleet'
import { deleteInstance } from '#core/workers/instances'
import { readWorkerNames } from '#core/workers/put-worker'
import { scaleWorker } from '#core/workers/scale-worker'
import type { World } from '#core/world'

/** A bell older than this may have been dropped by the queue itself, whatever its depth says. */
const bellLifeMs = 12 * spans.dayMs

export interface DueOptions {
  /** What is to be done about due entries that are no heads. */
  readonly onOther?: ((key: Key) => Promise<void>) | undefined
  /** Takes the bulks that are due: to be worked off when all else is done (`workBulks`). */
  readonly onBulk?: ((taskId: string) => void) | undefined
  /** Whether there is time for another round, where more is due than one takes. */
  readonly mayGoOn?: () => boolean
}

const roundsMost = 50

/**
 * Looks at everything that is due, and tells how much that was. Both homes call it: the Lambda each minute, the embedded
 * hub more often. Where nothing is due, that is all it reads.
 */
export async function tickDue(
  world: World,
  { onOther, onBulk, mayGoOn = () => false }: DueOptions = {},
): Promise<number> {
  let looked = 0
  for (let rounds = 0; rounds < roundsMost; rounds++) {
    const entries = await dueEntries(world)
    if (entries.keys.length === 0) break
    const bellMustBeGone = await bellsGone(world)
    looked += (await tickTasks(world, { bellMustBeGone, onOther, onBulk }, entries)).looked
    if (!entries.isFull || !mayGoOn()) break
  }
  return looked
}

async function bellsGone(world: World): Promise<(worker: string, rungAt: number) => boolean> {
  const fleets = new Map<string, Fleet>()
  for (const worker of await readWorkerNames(world)) {
    const read = await readFleet(world, worker)
    if (read !== undefined) fleets.set(worker, read.fleet)
  }
  return (worker, rungAt) => {
    const emptyAt = fleets.get(worker)?.emptyAt
    return (emptyAt !== undefined && emptyAt > rungAt) || world.clock.now() - rungAt > bellLifeMs
  }
}

/** The audit waits while the feed is so far behind: tasks without a row yet would be passed over (protocol 11). */
const feedLagMostMs = 30 * 60_000

export interface MinuteOptions {
  /** How old the oldest change is that the reactor has not worked off; absent where rows are made with the heads. */
  readonly feedLagMs?: () => number | Promise<number>
  /** When the last tick was, epoch ms, where reading costs money: long looks then wait for the next five minutes. */
  readonly lastTickAt?: number | undefined
  /** Whether there is time for more workers. */
  readonly mayGoOn?: () => boolean
}

/** Workers that are looked after at once. */
const workersAtOnce = 10

/**
 * Once a minute: fleets are looked at. In the long look, instances that fell silent are forgotten and tasks an hour old
 * are audited; where reading costs nothing, each look is one.
 *
 * @returns the fleets as a long look leaves them; undefined for a short one
 */
export async function tickMinute(
  world: World,
  launcher: Launcher,
  options: MinuteOptions = {},
): Promise<readonly Fleet[] | undefined> {
  const { feedLagMs = () => 0, lastTickAt, mayGoOn = () => true } = options
  await sweepPayloads(world).catch((error: unknown) => {
    world.log.error('clock.payloads-failed', { error: String(error) })
  })
  const isLong = isLongLook(world.clock.now(), lastTickAt)
  const audits = isLong && (await feedLagMs()) <= feedLagMostMs
  const audited = new Set<string>()
  const workers = await readWorkerNames(world)
  const fleets: (Fleet | undefined)[] = []
  for (let from = 0; from < workers.length; from += workersAtOnce) {
    if (!mayGoOn()) {
      world.log.warn('clock.out-of-time', { workers: workers.length, lookedAfter: from })
      break
    }
    const some = workers.slice(from, from + workersAtOnce)
    fleets.push(
      ...(await Promise.all(some.map((worker) => lookAfter(world, launcher, { worker, isLong, audits, audited })))),
    )
  }
  return isLong ? fleets.filter((fleet) => fleet !== undefined) : undefined
}

interface Look {
  readonly worker: string
  readonly isLong: boolean
  readonly audits: boolean
  /** Commands that were looked at for another worker: a developer's own hosts what the shared one does. */
  readonly audited: Set<string>
}

/** One worker that cannot be looked after must not leave the others alone. */
async function lookAfter(
  world: World,
  launcher: Launcher,
  { worker, isLong, audits, audited }: Look,
): Promise<Fleet | undefined> {
  try {
    if (isLong) await forgetSilent(world, worker)
    await scaleWorker(world, launcher, { worker, recordBells: 0, isTick: true })
    const read = isLong ? await readFleet(world, worker) : undefined
    if (read === undefined || !audits) return read?.fleet
    const commands = new Set(read.fleet.manifest.commands.map(({ name }) => name))
    for (const command of commands) {
      if (audited.has(command)) continue
      audited.add(command)
      await auditCommand(world, command)
    }
    return read.fleet
  } catch (error) {
    world.log.error('clock.worker-failed', { worker, error: String(error) })
    return undefined
  }
}

/** Reading a command's rows each minute would be a large part of what an idle hub costs. */
const longLookEveryMs = 300_000

/** In the first tick of each five minutes, whichever of them that is. */
function isLongLook(now: number, lastTickAt: number | undefined): boolean {
  return lastTickAt === undefined || Math.floor(lastTickAt / longLookEveryMs) !== Math.floor(now / longLookEveryMs)
}

async function forgetSilent(world: World, worker: string): Promise<void> {
  const now = world.clock.now()
  for (const instance of await readInstances(world, worker)) {
    if (now - instance.seenAt <= 2 * instanceSilentMs) continue
    const fleet = (await readFleet(world, worker))?.fleet
    if (fleet !== undefined && now - instance.seenAt <= 2 * silentMs(fleet)) continue
    world.log.warn('clock.instance-silent', { worker, instance: instance.id })
    await deleteInstance(world, worker, instance.id)
  }
}
