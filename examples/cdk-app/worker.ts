/** The worker `invoices`: importing it does nothing but define it, since the stack reads its manifest so. */
import { defineCommand, defineWorker } from 'taskurai/worker'
import { z } from 'zod'

const Invoice = z.object({ orderId: z.string().min(1), currency: z.string().length(3).default('EUR') })

const print = defineCommand(
  { name: 'invoice.print', input: Invoice, output: z.object({ number: z.string() }), timeoutSeconds: 300 },
  async (ctx, { orderId, currency }) => {
    ctx.log.info('invoice.printing', { orderId, currency })
    ctx.progress(50, 'printed')
    return { number: `I-${orderId}` }
  },
)

export default defineWorker({ name: 'invoices', commands: [print], concurrency: 10, idleSeconds: 60 })
