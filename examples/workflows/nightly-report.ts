/** A nightly report as a graph: what depends on nothing runs at once, the rest as soon as it can. */
import type { Client } from 'taskurai/client'
import { defineCommand } from 'taskurai/worker'
import { z } from 'zod'

const Day = z.object({ day: z.iso.date() })

export const extract = defineCommand(
  { name: 'report.extract', input: Day.extend({ source: z.enum(['orders', 'returns', 'stock']) }) },
  (_ctx, { source, day }) => ({ rows: source.length * 100, file: `${source}-${day}.csv` }),
)
export const aggregate = defineCommand({ name: 'report.aggregate', input: Day }, (_ctx, { day }) => ({
  file: `totals-${day}.json`,
}))
export const publish = defineCommand({ name: 'report.publish', input: Day }, (_ctx, { day }) => ({
  url: `https://reports.example/${day}`,
}))

// #region graph
/** All of it is accepted in one call, or none; the ids come back in the order of the tasks. */
export function submitNightlyReport(hub: Client, day: string): Promise<readonly string[]> {
  const sources = ['orders', 'returns', 'stock']
  return hub.submitBatch(
    [
      ...sources.map((source) => ({ ref: source, command: extract.name, arguments: { day, source } })),
      { ref: 'totals', command: aggregate.name, arguments: { day }, dependsOn: sources },
      { ref: 'publish', command: publish.name, arguments: { day }, dependsOn: ['totals'] },
    ],
    { idempotencyKey: `nightly/${day}` },
  )
}
// #endregion
