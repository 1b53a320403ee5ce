/** What `order.confirm` does, without the platform around it: from an order to its PDF in the orders folder. */
import { join } from 'node:path'
import { drawConfirmation, layOutConfirmation } from './confirmation-pdf.ts'
import { type Order, orderTotals } from './order.ts'
import { confirmationName, writeWhole } from './order-files.ts'

/** How a run of several stages is watched and stopped. */
export type Watch = {
  readonly signal: AbortSignal
  readonly stage: (percent: number, message: string) => void
}

export type Confirmed = {
  readonly orderId: string
  readonly file: string
  readonly bytes: number
  readonly pages: number
  readonly totalCents: number
}

/** Writes the confirmation of an order. A second run writes the same bytes under the same name. */
export const confirmOrder = async (order: Order, folder: string, { signal, stage }: Watch): Promise<Confirmed> => {
  const { totalCents } = orderTotals(order)
  stage(10, `read: ${order.lines.length} lines`)
  const laidOut = layOutConfirmation(order)
  const pages = laidOut.confirmation.pages.length
  signal.throwIfAborted()
  stage(40, `layout: ${pages} ${pages === 1 ? 'page' : 'pages'}`)
  const pdf = await drawConfirmation(laidOut)
  signal.throwIfAborted()
  stage(80, `rendered: ${pdf.length} bytes`)
  const file = confirmationName(order.id)
  await writeWhole(join(folder, file), pdf, signal)
  stage(100, `written: ${file}`)
  return { orderId: order.id, file, bytes: pdf.length, pages, totalCents }
}
