import type { Item, Launcher } from '../ports.ts'
import { afterRefusal, askAgainAt, scale } from '../scaler.ts'
import type { World } from '../world.ts'
import {
  changeFleet,
  type Fleet,
  type Instance,
  keptLaunches,
  type Launch,
  liveInstances,
  readFleet,
  readInstances,
  startingCount,
  tasksPerInstance,
} from './fleet.ts'

/** One decision a second a worker; a nudge in between runs at the end of that second (protocol 33). */
export const decisionEveryMs = 1_000
/** After so long without a word from who decided a launch, he is dead. */
const firstAnswerMs = 5_000

export interface ScaleAsk {
  readonly worker: string
  /** Queued tasks that fresh records show; the queue's own count may lag (protocol 33). */
  readonly recordBells: number
  /** Told once a minute by the clock: counts stuck looks and empty looks. */
  readonly isTick?: boolean
}

export type Scaled =
  | { readonly kind: 'started'; readonly count: number }
  | { readonly kind: 'held'; readonly why: string }
  /** Too early after the last decision: ask again in so long. */
  | { readonly kind: 'later'; readonly ms: number }
  | { readonly kind: 'absent' }

/** Looks, decides, writes the decision into the ledger, launches, writes what came of it (protocol 34). */
export async function scaleWorker(world: World, launcher: Launcher, ask: ScaleAsk): Promise<Scaled> {
  const read = await readFleet(world, ask.worker)
  if (read === undefined) return { kind: 'absent' }
  const instances = await readInstances(world, ask.worker)
  const depth = recordsTellAll(world, read.fleet, instances, ask) ? undefined : await world.queue.depth(ask.worker)
  const bells = Math.max(depth?.visible ?? 0, ask.recordBells)
  let fleet = read.fleet
  if (ask.isTick === true && depth !== undefined) fleet = await noteLook(world, read, { ...depth, instances })
  // A look that finds enough reads nothing twice: it is what an idle hub does each minute of the month.
  const first = scale(inputOf(fleet, instances, bells, world.clock.now()))
  if (read.fleet.removed !== undefined) return { kind: 'held', why: 'removed' }
  if (read.fleet.launch === undefined) return { kind: 'held', why: 'by-hand' }
  const pending = read.fleet.launches.find((launch) => launch.ids === undefined)
  if (pending !== undefined) return repeat(world, launcher, ask.worker, pending)
  if (first.kind === 'hold' && (ask.isTick === true || first.why === 'enough')) return { kind: 'held', why: first.why }
  let decided: Launch | undefined
  let held: Scaled = { kind: 'held', why: 'enough' }
  await changeFleet(world, ask.worker, async (fleet) => {
    decided = undefined
    // Read after the fleet: an instance registers first and leaves the ledger then, so it is seen in one or in both.
    const present = await readInstances(world, ask.worker)
    const now = world.clock.now()
    const sinceMs = now - (fleet.lastDecisionAt ?? 0)
    if (sinceMs < decisionEveryMs) {
      held = { kind: 'later', ms: decisionEveryMs - sinceMs }
      return undefined
    }
    const decision = scale(inputOf(fleet, present, bells, now))
    if (decision.kind === 'hold') {
      held = { kind: 'held', why: decision.why }
      return undefined
    }
    const token = world.ids.sha256(`${ask.worker} ${fleet.wanted} ${fleet.decisions + 1}`).slice(0, 32)
    decided = { token, generation: fleet.wanted, count: decision.count, at: now, spec: fleet.launch }
    const launches = [...keptLaunches(fleet, now), decided]
    return { ...fleet, decisions: fleet.decisions + 1, lastDecisionAt: now, launches }
  })
  return decided === undefined ? held : carryOut(world, launcher, ask.worker, decided)
}

/**
 * Whether fresh records alone decide, so that the queue need not be asked: with nothing there or coming its count would
 * lag behind them (33), and what they show may fit into slots that are free. Slots on their way are not theirs alone: in
 * a burst many batches show a few tasks each. The clock asks each minute.
 */
function recordsTellAll(world: World, fleet: Fleet, instances: readonly Instance[], ask: ScaleAsk): boolean {
  if (ask.isTick === true || ask.recordBells === 0) return false
  const { live, freeSlots, starting } = inputOf(fleet, instances, ask.recordBells, world.clock.now())
  return starting === 0 && (live === 0 || ask.recordBells <= freeSlots)
}

function inputOf(fleet: Fleet, instances: readonly Instance[], bells: number, now: number) {
  const live = liveInstances(fleet, instances, now)
  const taking = live.filter((instance) => instance.generation === (fleet.current ?? fleet.wanted))
  const { min, max } = fleet.manifest.scaling
  return {
    now,
    scaling: { min, max, tasksPerInstance: tasksPerInstance(fleet) },
    paused: fleet.paused !== undefined,
    bells,
    live: live.length,
    freeSlots: taking.reduce((sum, instance) => sum + instance.freeSlots, 0),
    starting: startingCount(fleet, now),
    isNewWanted:
      fleet.current !== undefined && fleet.current !== fleet.wanted && startingCount(fleet, now, fleet.wanted) === 0,
    stuckLooks: fleet.stuckLooks ?? 0,
    breaker: fleet.breaker,
    refusal: fleet.refusal,
  }
}

/**
 * A launch without an answer is asked for until there is one, less and less often. While whoever decided it still waits
 * for its first answer, it is left to him: others decide about what they know of when it has come.
 */
async function repeat(world: World, launcher: Launcher, worker: string, launch: Launch): Promise<Scaled> {
  const isOnItsWay = launch.asked === undefined && world.clock.now() - launch.at < firstAnswerMs
  if (isOnItsWay) return { kind: 'later', ms: decisionEveryMs }
  const againAt = launch.asked === undefined ? 0 : askAgainAt(launch.asked.tries, launch.asked.at)
  if (againAt > world.clock.now()) return { kind: 'held', why: 'launch-unknown' }
  return carryOut(world, launcher, worker, launch)
}

/** The same token and parameters as long as there is no answer: asking twice starts once. */
async function carryOut(world: World, launcher: Launcher, worker: string, launch: Launch): Promise<Scaled> {
  const { token, generation, count, spec } = launch
  const outcome = await launcher.launch({ worker, generation, token, count, spec })
  if (outcome.kind === 'unknown') {
    world.log.warn('scaler.launch-unknown', { worker, token, message: outcome.message })
    await changeFleet(world, worker, (fleet) => unanswered(fleet, token, world.clock.now()))
    return { kind: 'held', why: 'launch-unknown' }
  }
  const { launches: launched, refused } = outcome
  const refusal = refused[0]
  await changeFleet(world, worker, async (fleet) => {
    // Two at once may ask with one token; what came of it counts once.
    if (!isUnanswered(fleet, token)) return undefined
    // Who was so quick as to register, or to end, before this answer is not on its way any more.
    const known = new Set((await readInstances(world, worker)).map((instance) => instance.launch))
    for (const stop of fleet.stops) known.add(stop.launch)
    const ids = launched.filter((id) => !known.has(id))
    const launches = fleet.launches
      .map((entry) => (entry.token === token ? { token, generation, count, at: world.clock.now(), ids } : entry))
      .filter((entry) => entry.ids === undefined || entry.ids.length > 0)
    return {
      ...fleet,
      launches,
      refusal: refusal === undefined ? undefined : afterRefusal(fleet.refusal, refusal, world.clock.now()),
    }
  })
  if (refusal !== undefined) world.log.warn('scaler.refused', { worker, token, ...refusal })
  if (launched.length === 0) return { kind: 'held', why: 'refused' }
  world.log.info('scaler.started', { worker, count: launched.length, token })
  return { kind: 'started', count: launched.length }
}

function isUnanswered(fleet: Fleet, token: string): boolean {
  return fleet.launches.some((entry) => entry.token === token && entry.ids === undefined)
}

function unanswered(fleet: Fleet, token: string, now: number): Fleet | undefined {
  if (!isUnanswered(fleet, token)) return undefined
  const launches = fleet.launches.map((entry) =>
    entry.token === token ? { ...entry, asked: { tries: (entry.asked?.tries ?? 0) + 1, at: now } } : entry,
  )
  return { ...fleet, launches }
}

const emptyLooksWanted = 3
const quietLookMs = 900_000

interface Look {
  readonly visible: number
  readonly delayed: number
  readonly held: number
  readonly instances: readonly Instance[]
}

/** Once a minute: has the queue been empty three looks in a row, and do bells stay though slots are said to be free? */
async function noteLook(world: World, read: { item: Item; fleet: Fleet }, look: Look): Promise<Fleet> {
  const now = world.clock.now()
  const isEmpty = look.visible === 0 && look.delayed === 0 && look.held === 0
  const note = (fleet: Fleet): Fleet | undefined => {
    const free = liveInstances(fleet, look.instances, now).reduce((sum, instance) => sum + instance.freeSlots, 0)
    const emptyLooks = isEmpty ? [...(fleet.emptyLooks ?? []), now].slice(-emptyLooksWanted) : []
    const emptyAt = emptyLooks.length === emptyLooksWanted ? emptyLooks[0] : fleet.emptyAt
    const isStuck = free > 0 && look.visible > 0 && look.visible >= (fleet.lastBells ?? Number.POSITIVE_INFINITY)
    const stuckLooks = isStuck ? (fleet.stuckLooks ?? 0) + 1 : 0
    const isQuiet = isEmpty && fleet.emptyAt !== undefined && stuckLooks === (fleet.stuckLooks ?? 0)
    // A quiet worker costs a write now and then: `emptyAt` must pass the moment at which a lost bell was rung.
    const lookedMs = now - (fleet.emptyLooks?.at(-1) ?? 0)
    if (isQuiet && fleet.lastBells === 0 && lookedMs < quietLookMs) return undefined
    return { ...fleet, emptyLooks, emptyAt, stuckLooks, lastBells: look.visible }
  }
  return (await changeFleet(world, read.fleet.worker, note, read)) ?? read.fleet
}
