/** The two commands as contracts without handlers, to be shared with whoever submits their tasks. */
import { defineCommand } from 'taskurai/worker'
import { z } from 'zod'
import { order } from './order.ts'

const retry = { maxRuns: 5, minSeconds: 2, maxSeconds: 60 }

/** Makes the PDF of an order's confirmation; the result names the file inside the orders folder. */
export const orderConfirm = defineCommand({
  name: 'order.confirm',
  version: 1,
  input: order,
  output: z.object({
    orderId: z.string(),
    file: z.string(),
    bytes: z.int(),
    pages: z.int(),
    totalCents: z.int(),
  }),
  retry,
  timeoutSeconds: 60,
})

/** Lays the mail that carries the confirmation into the outbox folder. */
export const orderMail = defineCommand({
  name: 'order.mail',
  version: 1,
  input: order,
  output: z.object({
    orderId: z.string(),
    file: z.string(),
    to: z.string(),
    attachment: z.string(),
    bytes: z.int(),
  }),
  retry,
  timeoutSeconds: 60,
})
