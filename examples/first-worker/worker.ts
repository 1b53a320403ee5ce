import { defineCommand, defineWorker } from 'taskurai/worker'
import { z } from 'zod'

const greet = defineCommand(
  { name: 'hello.greet', input: z.object({ name: z.string().min(1) }), output: z.string() },
  async (ctx, { name }) => {
    ctx.progress(50, 'thinking of something nice')
    return `Hello ${name}!`
  },
)

export default defineWorker({ name: 'hello', commands: [greet], concurrency: 4 })
