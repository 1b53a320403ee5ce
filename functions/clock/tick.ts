import type { Metric } from '#core/contract/metrics'
import type { Item, Key, Launcher } from '#core/ports'
import { blindAfterMs, type Sight, type Tick, tickKey } from '#core/sight'
import type { Fleet } from '#core/workers/fleet'
import type { World } from '#core/world'
import { readFeedLagMs } from '../reactor/feed-lag.ts'
import { workBulks } from './bulks.ts'
import { tickDue, tickMinute } from './clock.ts'
import { cannotStart, lateWorkers, type WaitingByWorker, waitingNow } from './late-tasks.ts'

/** One tick of a hub that has no process of its own: a schedule calls it each minute. */

export interface TickParts {
  readonly world: World
  readonly launcher: Launcher
  readonly sight: Sight
  readonly tell: (metric: Metric, value: number) => void
  /** What is to be done about due entries that are no heads. */
  readonly onOther?: ((key: Key) => Promise<void>) | undefined
  readonly remainingMs: () => number
}

/** What the clock writes down. */
interface ClockTick extends Tick {
  /** Who finds its own token there has written it, and lost the answer (protocol 4). */
  readonly writer: string
  readonly waiting?: WaitingByWorker | undefined
  /** What the last long look found, told each minute until the next one. */
  readonly trouble?: Trouble | undefined
}

type Trouble = Readonly<Partial<Record<Metric, number>>>

/** What the last round of anything may take. */
const reserveMs = 15_000

export async function tick(parts: TickParts): Promise<void> {
  const { world, launcher, sight, onOther, remainingMs } = parts
  const standing = await world.store.get(tickKey)
  const before = standing?.data as ClockTick | undefined
  const at = world.clock.now()
  // Who missed ticks was blind, and does not judge what happened in the dark (protocol 15).
  const seesSince = before !== undefined && at - before.at <= blindAfterMs ? before.seesSince : at
  const writer = world.ids.token()
  const { waiting, trouble } = before ?? {}
  const written = await write(world, standing, { at, seesSince, writer, waiting, trouble })
  // A repeat of the same call, or two schedules: one of them is enough.
  if (written === undefined) return world.log.warn('clock.ticks-twice')
  sight.take({ at, seesSince })
  const mayGoOn = () => remainingMs() > reserveMs
  // Fleets are looked after also where the due index cannot be read; the failure is told after that.
  const bulks = new Set<string>()
  const due = tickDue(world, { onOther, mayGoOn, onBulk: (taskId) => bulks.add(taskId) })
  await Promise.allSettled([due])
  const feedLagMs = () => readFeedLagMs(world)
  const fleets = await tickMinute(world, launcher, { lastTickAt: before?.at, feedLagMs, mayGoOn })
  if (fleets === undefined) tellTrouble(parts, trouble)
  else await findTrouble(parts, written, fleets)
  await workBulks(world, bulks, { mayGoOn })
  await due
}

async function findTrouble(parts: TickParts, written: Item<ClockTick>, fleets: readonly Fleet[]): Promise<void> {
  const { world } = parts
  const now = world.clock.now()
  const { waiting: before, trouble: told, ...tick } = written.data
  const waiting = waitingNow(before ?? {}, fleets, now)
  const late = lateWorkers(waiting, now)
  const stuck = fleets.filter((fleet) => cannotStart(fleet, now)).map(({ worker }) => worker)
  if (late.length > 0) world.log.warn('clock.tasks-late', { workers: late })
  if (stuck.length > 0) world.log.warn('clock.starts-failing', { workers: stuck })
  const trouble: Trouble = {
    ...(late.length > 0 ? { tasksLate: late.length } : {}),
    ...(stuck.length > 0 ? { startsFailing: stuck.length } : {}),
  }
  tellTrouble(parts, trouble)
  const isQuiet = [before, told, waiting, trouble].every((each) => Object.keys(each ?? {}).length === 0)
  if (!isQuiet) await write(world, written, { ...tick, waiting, trouble })
}

/** A metric is paid for by the hour in which it is sent: where all is well, none is. */
function tellTrouble({ tell }: TickParts, trouble: Trouble = {}): void {
  for (const [metric, workers] of Object.entries(trouble)) tell(metric as Metric, workers)
}

/** Undefined: somebody else has written since. */
async function write(world: World, standing: Item | undefined, data: ClockTick): Promise<Item<ClockTick> | undefined> {
  const { born = world.ids.token(), n = 0 } = standing ?? {}
  const item = { ...tickKey, born, n: n + 1, data }
  const condition = standing === undefined ? ({ kind: 'absent' } as const) : ({ kind: 'at', born, n } as const)
  const outcome = await world.store.commit({ write: { kind: 'put', item, condition } })
  const current = outcome.kind === 'written' ? data : (outcome.current?.data as ClockTick | undefined)
  return current?.writer === data.writer ? item : undefined
}
