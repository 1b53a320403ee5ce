/** What the service and the worker agree on. The service imports this, and nothing of how an export is made. */
import { defineCommand } from 'taskurai/worker'
import { z } from 'zod'

export const SALES_FILE = 'sales.csv'

export const salesExport = defineCommand({
  name: 'sales.export',
  input: z.object({ year: z.int().min(2000).max(2100) }),
  output: z.object({ rows: z.int(), totalCents: z.int() }),
  retry: { maxRuns: 3, minSeconds: 5, maxSeconds: 60 },
  timeoutSeconds: 600,
})
