import { defineCommand } from 'taskurai/worker'
import { z } from 'zod'

/** What the shop asks for: known to the shop and to the worker, and nothing more between them. */
export const orderConfirm = defineCommand({
  name: 'shop.confirm',
  input: z.object({
    article: z.string().min(1),
    /** How long the work takes in all. */
    seconds: z.number().min(0).max(600).default(8),
  }),
  output: z.object({ parcel: z.string() }),
})
