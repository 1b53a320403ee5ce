import { z } from 'zod'
import { limits } from './limits.ts'
import { Recycle } from './manifest.ts'
import { IsolationKey } from './names.ts'

/** What whoever deploys a worker says otherwise than its module: the instances are told by their environment. */
export const WorkerEnv = z.object({
  TASKURAI_CONCURRENCY: z.coerce
    .number()
    .int()
    .min(1)
    .max(limits.concurrency)
    .optional()
    .describe(`how many tasks an instance runs at a time, 1 to ${limits.concurrency}`),
  TASKURAI_RECYCLE: z
    .string()
    .transform((text, { addIssue }) => {
      try {
        return JSON.parse(text)
      } catch {
        addIssue('is no JSON')
        return z.NEVER
      }
    })
    .pipe(Recycle)
    .optional()
    .describe('when an instance makes room for a fresh one, as JSON: { "maxTasks": 100 }'),
  TASKURAI_LOG_LINES: z.coerce
    .number()
    .int()
    .min(0)
    .max(limits.runLogLinesMost)
    .optional()
    .describe(`how many lines one run may print, 0 to ${limits.runLogLinesMost}`),
  TASKURAI_CONSOLE: z
    .enum(['lines', 'plain'])
    .optional()
    .describe('lines (what handlers print by the console becomes lines of their runs) or plain (it is left as it is)'),
  /** Of an instance that somebody starts by hand. */
  TASKURAI_ISOLATION_KEY: IsolationKey.optional().describe(
    `lower-case letters, digits and hyphens, at most ${limits.isolationKeyChars}: only tasks of this key are taken`,
  ),
})
export type WorkerEnv = z.infer<typeof WorkerEnv>
