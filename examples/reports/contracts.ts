/** The command as a contract without a handler, to be shared with whoever submits its tasks. */
import { defineCommand } from 'taskurai/worker'
import { z } from 'zod'

export const CHART = 'delays.svg'

const share = z.number().min(0).max(1)
const place = z.object({ airport: z.string(), flights: z.int(), lateShare: share })

/** How late the flights of half a year were; a chart of it becomes a file of the result. */
export const reportDelays = defineCommand({
  name: 'report.delays',
  version: 1,
  input: z.object({
    /** Only flights that leave from here; all flights without. */
    airport: z
      .string()
      .regex(/^[A-Z]{3}$/, 'an airport is three capital letters')
      .optional(),
    /** From how many minutes on a flight counts as late. */
    lateMinutes: z.int().min(1).max(600).default(15),
  }),
  output: z.object({
    flights: z.int(),
    firstDay: z.iso.date(),
    lastDay: z.iso.date(),
    lateShare: share,
    meanDelayMinutes: z.number(),
    worstHour: z.object({ hour: z.int().min(0).max(23), flights: z.int(), lateShare: share }),
    /** Where most flights are late: by origin, or by destination where the origin was asked for. */
    worstAirports: z.array(place),
    chart: z.string(),
  }),
  retry: { maxRuns: 3, minSeconds: 5, maxSeconds: 60 },
  timeoutSeconds: 600,
})
