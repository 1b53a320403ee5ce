import { instancePrefix } from '#core/keys'
import { type Instance, liveInstances, startingCount } from '#core/workers/fleet'
import { worker } from './region.ts'
import type { Site } from './site.ts'

/** What must hold at every moment, by the truth of the world and not by the ledger. */
export function breachOf(site: Site): string | undefined {
  const fleet = site.fleet()
  if (fleet === undefined) return undefined
  const { max } = fleet.manifest.scaling
  const taking = site.fargate.taking()
  const generations = new Map<string, number>()
  for (const { generation } of taking) generations.set(generation, (generations.get(generation) ?? 0) + 1)
  // Only one generation takes tasks at a time, so this is what bounds the tasks that run at once.
  for (const [generation, count] of generations) {
    if (count > max) return `${count} instances of ${generation}, more than ${max}`
  }
  // The first of a new generation may come in beside those that fill the fleet: they leave for it then.
  const most = generations.size > 1 ? max + 1 : max
  if (taking.length > most) return `${taking.length} instances, more than ${most}`
  const now = site.region.now()
  const page = site.region.table.list({ pk: `W#${worker}`, prefix: instancePrefix, limit: 1_000 })
  const told = page.items.map((item) => item.data as Instance)
  const known = liveInstances(fleet, told, now).length + startingCount(fleet, now)
  return known < taking.length ? `${taking.length} instances, and the fleet knows of ${known}` : undefined
}
