/**
 * The worker `orders`. Importing it does nothing but define it: the hub reads its manifest this way. What makes PDFs and
 * mails is loaded by the first task that needs it.
 */
import { defineCommand, defineWorker } from 'taskurai/worker'
import type { Watch } from './confirm-order.ts'
import { orderConfirm, orderMail } from './contracts.ts'
import { ordersFolder } from './order-files.ts'

type Run = { readonly signal: AbortSignal; progress(percent: number, message?: string): void }

const watch = (run: Run): Watch => ({
  signal: run.signal,
  stage: (percent, message) => run.progress(percent, message),
})

const confirm = defineCommand(orderConfirm, async (ctx, order) => {
  ctx.log.info('order.confirming', { orderId: order.id, lines: order.lines.length })
  const { confirmOrder } = await import('./confirm-order.ts')
  const confirmed = await confirmOrder(order, ordersFolder(), watch(ctx))
  ctx.log.info('order.confirmed', confirmed)
  return confirmed
})

const mail = defineCommand(orderMail, async (ctx, order) => {
  ctx.log.info('order.mailing', { orderId: order.id })
  const { mailOrder } = await import('./order-mail.ts')
  const mailed = await mailOrder(order, ordersFolder(), watch(ctx))
  ctx.log.info('order.mailed', mailed)
  return mailed
})

export default defineWorker({
  name: 'orders',
  commands: [confirm, mail],
  concurrency: 4,
  scaling: { min: 0, max: 2, tasksPerInstance: 20 },
  // Short, so that a visitor sees the instances leave again.
  idleSeconds: 5,
})
