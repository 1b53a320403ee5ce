// The same three things as ../flow-worker.ts, by Restate's means: durable steps, sub tasks, and the end of the last one.
import * as restate from '@restatedev/restate-sdk'

const leaf = restate.service({
  name: 'leaf',
  handlers: { run: async () => ({ endedAt: Date.now() }) },
})

const flows = restate.service({
  name: 'flows',
  handlers: {
    steps: async (ctx, { count }) => {
      for (let index = 0; index < count; index++) await ctx.run(`step ${index}`, () => index)
      return { count }
    },
    fan: async (ctx, { count }) => {
      const calls = Array.from({ length: count }, () => ctx.serviceClient(leaf).run())
      const ends = await restate.RestatePromise.all(calls)
      const resumedAt = Date.now()
      let lastEndAt = 0
      for (const { endedAt } of ends) lastEndAt = Math.max(lastEndAt, endedAt)
      return { resumeMs: resumedAt - lastEndAt }
    },
  },
})

const port = await restate.serve({ services: [leaf, flows], port: 0, logger: () => undefined })
process.stdout.write(`${port}\n`)
