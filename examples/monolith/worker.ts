/** The part that moved out: the same `buildExport`, in a process of its own. */
import { defineCommand, defineWorker } from 'taskurai/worker'
import { SALES_FILE, salesExport } from './contracts.ts'

const exportSales = defineCommand(salesExport, async (ctx, { year }) => {
  const { buildExport } = await import('./build-export.ts')
  const { csv, rows, totalCents } = await buildExport(year, ctx)
  await ctx.files.put(SALES_FILE, Buffer.from(csv))
  return { rows, totalCents }
})

export default defineWorker({ name: 'exports', commands: [exportSales], concurrency: 2, idleSeconds: 60 })
