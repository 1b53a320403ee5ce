/** One instance of workflow commands as a process of its own; endpoint and keys by environment. */
import { defineCommand, defineWorker, runWorker } from '#worker-runtime/index'
import { flowCommands as names } from './flow-names.ts'
import { linkToBench } from './worker-link.ts'

const over = new AbortController()
let ended: Promise<unknown> = Promise.resolve()
const link = linkToBench(async () => {
  over.abort()
  await ended
})

const leaf = defineCommand({ name: names.leaf, version: 1 }, () => ({ endedAt: Date.now() }))
const steps = defineCommand({ name: names.steps, version: 1 }, async (ctx, input) => {
  const { count } = input as { count: number }
  const from = performance.now()
  for (let index = 0; index < count; index++) await ctx.step(`step ${index}`, () => index)
  return { ms: performance.now() - from }
})
const fan = defineCommand({ name: names.fan, version: 1 }, async (ctx, input) => {
  const { count } = input as { count: number }
  const tasks = Array.from({ length: count }, () => ({ command: names.leaf }))
  const ends = (await ctx.call('leaves', tasks)) as unknown as readonly { endedAt: number }[]
  const resumedAt = Date.now()
  return { resumeMs: resumedAt - Math.max(...ends.map(({ endedAt }) => endedAt)) }
})

const definition = defineWorker({ name: 'flows', commands: [leaf, steps, fan], concurrency: 50 })
ended = runWorker(definition, {
  idleSeconds: Number.POSITIVE_INFINITY,
  handleSignals: false,
  signal: over.signal,
  log: (level, event, fields) => {
    if (level !== 'info') process.stderr.write(`worker: ${event} ${JSON.stringify(fields)}\n`)
  },
})
link.ready()
