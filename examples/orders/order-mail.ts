/**
 * What `order.mail` does, without the platform around it: composes the MIME message that carries an order's PDF and
 * lays it into the outbox folder, from where a mail server would take it. Nothing goes over a network.
 */
import { join } from 'node:path'
import MailComposer from 'nodemailer/lib/mail-composer'
import { confirmOrder, type Watch } from './confirm-order.ts'
import { formatCents, lineAmountCents, type Order, orderTotals } from './order.ts'
import { confirmationName, mailName, readIfPresent, writeWhole } from './order-files.ts'
import { SHOP } from './shop.ts'

export type Mailed = {
  readonly orderId: string
  readonly file: string
  readonly to: string
  readonly attachment: string
  readonly bytes: number
}

const mailText = (order: Order): string => {
  const lines = order.lines.map(
    (line) => `  ${line.quantity} x ${line.product}: ${order.currency} ${formatCents(lineAmountCents(line))}`,
  )
  const { freightCents, totalCents } = orderTotals(order)
  return [
    `Dear ${order.customer.contact},`,
    '',
    `thank you for your order ${order.id} of ${order.orderedOn} for ${order.shipTo.name}:`,
    '',
    ...lines,
    `  Freight: ${order.currency} ${formatCents(freightCents)}`,
    '',
    `Total: ${order.currency} ${formatCents(totalCents)}`,
    '',
    'You find the confirmation attached.',
    '',
    'Kind regards',
    SHOP.name,
    '',
  ].join('\n')
}

/** Composes the message. Date, message id and boundaries come from the order: the same order gives the same bytes. */
export const composeMail = async (order: Order, pdf: Buffer): Promise<Buffer> =>
  await new MailComposer({
    from: { name: SHOP.name, address: SHOP.email },
    to: { name: order.customer.contact, address: order.customer.email },
    subject: `Order ${order.id} for ${order.shipTo.name} is confirmed`,
    date: new Date(`${order.orderedOn}T00:00:00Z`),
    messageId: `<order-${order.id}@northwind.example>`,
    baseBoundary: `order-${order.id}`,
    text: mailText(order),
    attachments: [{ filename: `order-${order.id}.pdf`, content: pdf, contentType: 'application/pdf' }],
    disableFileAccess: true,
    disableUrlAccess: true,
  })
    .compile()
    .build()

/** Lays the mail of an order into the outbox; makes the PDF first where `order.confirm` has not been yet. */
export const mailOrder = async (order: Order, folder: string, watch: Watch): Promise<Mailed> => {
  const { signal, stage } = watch
  const attachment = confirmationName(order.id)
  stage(10, `read: ${attachment}`)
  let pdf = await readIfPresent(join(folder, attachment))
  if (!pdf) {
    await confirmOrder(order, folder, { signal, stage: (percent, message) => stage(10 + percent / 2, message) })
    pdf = await readIfPresent(join(folder, attachment))
  }
  if (!pdf) throw new Error(`${attachment} was written but is gone`)
  signal.throwIfAborted()
  const message = await composeMail(order, pdf)
  signal.throwIfAborted()
  stage(80, `composed: ${message.length} bytes`)
  const file = mailName(order.id)
  await writeWhole(join(folder, file), message, signal)
  stage(100, `written: ${file}`)
  return { orderId: order.id, file, to: order.customer.email, attachment, bytes: message.length }
}
