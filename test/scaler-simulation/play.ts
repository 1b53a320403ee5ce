import { type Ideal, idealOf } from './ideal.ts'
import { breachOf } from './invariants.ts'
import type { Planted } from './planted.ts'
import { Site } from './site.ts'
import type { Arrival, Trace } from './trace.ts'

export interface Outcome {
  readonly trace: Trace
  readonly ideal: Ideal
  readonly site: Site
  /** The first thing that must not be. */
  readonly breach: string | undefined
  readonly tasks: number
  readonly launches: number
  readonly most: number
  readonly secondsToEmpty: number
  readonly longestWaitSeconds: number
  readonly longestDeploySeconds: number
  readonly decisions: number
  readonly fleetWrites: number
  readonly depthAsks: number
  readonly sends: number
}

export interface PlayOptions {
  readonly seed?: number
  readonly planted?: Planted
}

/** After the last task nothing may be started for so long. */
const quietMs = 1_800_000
const batchMs = 20
/** Whatever the ideal says, by then something is stuck. */
const stuckExtraSeconds = 3_600

export async function play(trace: Trace, { seed = 5, planted = {} }: PlayOptions = {}): Promise<Outcome> {
  const site = new Site(trace, seed, planted)
  const arrivals = trace.arrivals(site.random)
  const ideal = idealOf(trace, arrivals)
  await site.deploy(1)
  feed(site, arrivals)
  for (const [atSeconds, does] of trace.happenings ?? []) {
    site.schedule.at(atSeconds * 1_000, undefined, () => site.go(Promise.resolve(does(site))))
  }
  site.hub.start()
  const stuckMs = (ideal.seconds + trace.bounds.lateSeconds + stuckExtraSeconds) * 1_000
  let overMs: number | undefined
  await run(site, () => {
    const isOver = site.watch.created === arrivals.length && site.watch.open === 0
    if (!isOver) overMs = undefined
    else overMs ??= site.schedule.nowMs
    if (!isOver && site.schedule.nowMs > stuckMs) site.fail(`stuck with ${site.watch.open} open tasks`)
    return overMs === undefined || site.schedule.nowMs < overMs + quietMs
  })
  site.checkEnd()
  const outcome = outcomeOf(site, ideal)
  return { ...outcome, breach: site.breach ?? excessOf(outcome) }
}

/** Goes on from event to event as long as it may and nothing is wrong. */
export async function run(site: Site, mayGoOn: () => boolean): Promise<void> {
  while (site.breach === undefined && mayGoOn() && (await site.schedule.step())) {
    if (!site.isChanged) continue
    site.isChanged = false
    const breach = breachOf(site)
    if (breach !== undefined) site.fail(breach)
  }
}

function feed(site: Site, arrivals: readonly Arrival[], from = 0): void {
  const first = arrivals[from]
  if (first === undefined) return
  site.schedule.at(first[0] * 1_000 - site.schedule.nowMs, undefined, () => {
    const untilMs = site.schedule.nowMs + batchMs
    let next = from
    for (; next < arrivals.length; next++) {
      const [atSeconds, seconds] = arrivals[next] ?? first
      if (atSeconds * 1_000 > untilMs) break
      site.go(site.submit(seconds * 1_000))
    }
    feed(site, arrivals, next)
  })
}

function outcomeOf(site: Site, ideal: Ideal): Outcome {
  const meters = [site.region.meterOf('reactor'), site.region.meterOf('clock')]
  const sum = (of: 'fleetWrites' | 'depthAsks' | 'sends') => meters.reduce((total, meter) => total + meter[of], 0)
  return {
    trace: site.trace,
    ideal,
    site,
    breach: site.breach,
    tasks: site.watch.created,
    launches: site.fargate.launchedAtMs.length,
    most: site.fargate.most,
    secondsToEmpty: (site.watch.lastEndMs - (site.watch.firstAtMs ?? 0)) / 1_000,
    longestWaitSeconds: site.watch.longestWaitMs / 1_000,
    longestDeploySeconds: site.watch.longestDeployMs / 1_000,
    decisions: site.fleet()?.decisions ?? 0,
    fleetWrites: sum('fleetWrites'),
    depthAsks: sum('depthAsks'),
    sends: sum('sends'),
  }
}

/** What goes beyond the trace's bounds. */
function excessOf(outcome: Outcome): string | undefined {
  const { trace, ideal, launches, secondsToEmpty, longestWaitSeconds, longestDeploySeconds, sends } = outcome
  const { bounds } = trace
  const { launchedAtMs } = outcome.site.fargate
  const grownSeconds = ((launchedAtMs.at(-1) ?? 0) - (outcome.site.watch.firstAtMs ?? 0)) / 1_000
  const [factor, extra] = bounds.launches
  const checks: readonly (readonly [what: string, is: number, most: number])[] = [
    ['launches', launches, ideal.launches * factor + extra],
    ['seconds to empty', secondsToEmpty, ideal.seconds + bounds.lateSeconds],
    ['seconds of waiting', longestWaitSeconds, bounds.waitSeconds ?? Number.POSITIVE_INFINITY],
    ['seconds until the last launch', grownSeconds, bounds.grownSeconds ?? Number.POSITIVE_INFINITY],
    ['seconds until a deploy came in', longestDeploySeconds, bounds.deploySeconds ?? 0],
    ['bells sent again', sends, bounds.sends ?? 0],
  ]
  const excess = checks.find(([, is, most]) => is > most)
  return excess === undefined ? undefined : `${excess[1]} ${excess[0]}, more than ${excess[2]}`
}
