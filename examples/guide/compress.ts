/** A command with files: what it is given comes back compressed. */
import { createReadStream } from 'node:fs'
import { createGzip } from 'node:zlib'
import { defineCommand } from 'taskurai/worker'
import { z } from 'zod'

// #region handler
export const compress = defineCommand(
  { name: 'file.compress', input: z.object({ level: z.int().min(1).max(9).default(6) }) },
  async (ctx, { level }) => {
    const { path } = await ctx.files.get('report.csv')
    const compressed = createReadStream(path).pipe(createGzip({ level }))
    await ctx.files.put('report.csv.gz', compressed, { public: true })
  },
)
// #endregion
