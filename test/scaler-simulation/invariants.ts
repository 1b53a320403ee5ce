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
  // The first of a new generation may come in beside those that fill the fleet: they leave for it then.
  const isRolling = new Set(taking.map(({ generation }) => generation)).size > 1
  const most = isRolling ? max + 1 : max
  if (taking.length > most) return `${taking.length} instances, more than ${most}`
  const now = site.region.now()
  const page = site.region.table.list({ pk: `W#${worker}`, prefix: instancePrefix, limit: 1_000 })
  const told = page.items.map((item) => item.data as Instance)
  const known = liveInstances(fleet, told, now).length + startingCount(fleet, now)
  return known < taking.length ? `${taking.length} instances, and the fleet knows of ${known}` : undefined
}
