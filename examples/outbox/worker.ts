import { defineCommand, defineWorker } from 'taskurai/worker'
import { z } from 'zod'

const confirm = defineCommand(
  { name: 'order.confirm', input: z.object({ orderId: z.string().min(1) }), output: z.string() },
  (_ctx, { orderId }) => `order ${orderId} is confirmed`,
)

export default defineWorker({ name: 'confirmations', commands: [confirm], idleSeconds: 5 })
