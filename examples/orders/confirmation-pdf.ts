/**
 * Draws the confirmation of an order as a PDF. The same order gives the same bytes: dates come from the order, so that
 * a repeated run replaces a file by itself.
 */
import PDFDocument from 'pdfkit'
import { COLUMNS, type Confirmation, layOut, PAGE, type Page, type Row } from './confirmation-layout.ts'
import { loadFonts } from './fonts.ts'
import type { Order } from './order.ts'
import { SHOP } from './shop.ts'

type Paper = InstanceType<typeof PDFDocument>

/** An order laid out on its paper, not yet drawn. */
export type LaidOut = { readonly paper: Paper; readonly confirmation: Confirmation }

const INK = '#1c2733'
const BLUE = '#1f4e6b'
const GREY = '#66727d'
const HAIRLINE = '#d5dbe0'
const RIGHT = PAGE.width - PAGE.margin
const ADDRESS_STEP = 16.5

const COLUMN_LIST = Object.values(COLUMNS)
const CELLS = ['position', 'quantity', 'unitPrice', 'discount', 'amount'] as const

const openPaper = (order: Order): Paper => {
  const paper = new PDFDocument({
    size: [PAGE.width, PAGE.height],
    // Margins of zero: every text has its place, so pdfkit must not turn pages by itself.
    margin: 0,
    autoFirstPage: false,
    lang: 'en',
    displayTitle: true,
    info: {
      Title: `Order confirmation ${order.id}`,
      Author: SHOP.name,
      CreationDate: new Date(`${order.orderedOn}T00:00:00Z`),
    },
  })
  const { regular, bold } = loadFonts()
  paper.registerFont('regular', regular)
  paper.registerFont('bold', bold)
  return paper
}

/** Opens the paper of an order and decides what stands where. */
export const layOutConfirmation = (order: Order): LaidOut => {
  const paper = openPaper(order)
  const { width } = COLUMNS.product
  const confirmation = layOut(order, (product, packing) => {
    const name = paper.font('regular').fontSize(10).heightOfString(product, { width })
    return packing ? name + paper.fontSize(8.5).heightOfString(packing, { width }) : name
  })
  return { paper, confirmation }
}

const rule = (paper: Paper, y: number, color: string = HAIRLINE, left: number = PAGE.margin) =>
  paper
    .moveTo(left, y)
    .lineTo(RIGHT, y)
    .lineWidth(color === HAIRLINE ? 0.5 : 1)
    .stroke(color)

const drawHead = (paper: Paper) => {
  paper.font('bold').fontSize(20).fillColor(BLUE).text(SHOP.name, PAGE.margin, 48)
  paper.font('regular').fontSize(9).fillColor(GREY).text(SHOP.trade, PAGE.margin, 74)
  const lines = [...SHOP.address, SHOP.email].join('\n')
  paper.fontSize(8.5).text(lines, RIGHT - 200, 46, { width: 200, align: 'right', lineGap: 0.5 })
  rule(paper, 100, BLUE)
}

const drawOpening = (paper: Paper, order: Order) => {
  const { shipTo, customer } = order
  const place = shipTo.postalCode ? `${shipTo.postalCode} ${shipTo.city}` : shipTo.city
  const address = [shipTo.name, customer.contact, shipTo.street, place, shipTo.country]
  paper.font('regular').fontSize(10.5).fillColor(INK)
  // One line each, cut with an ellipsis if need be: the address must not run into what stands below it.
  for (const [index, line] of address.entries()) {
    paper.text(line, PAGE.margin, 128 + index * ADDRESS_STEP, { width: 270, height: ADDRESS_STEP, ellipsis: true })
  }
  const facts = [
    ['Order', order.id],
    ['Ordered on', order.orderedOn],
    ['Customer', customer.number],
  ] as const
  for (const [index, [label, value]] of facts.entries()) {
    const y = 128 + index * 16
    paper
      .font('regular')
      .fontSize(9.5)
      .fillColor(GREY)
      .text(label, RIGHT - 205, y, { width: 55 })
    paper
      .font('bold')
      .fillColor(INK)
      .text(value, RIGHT - 150, y, { width: 150, align: 'right' })
  }
  paper.font('bold').fontSize(16).fillColor(INK).text('Order confirmation', PAGE.margin, 234)
  const thanks = 'Thank you for your order. We confirm that we will deliver the following articles:'
  paper
    .font('regular')
    .fontSize(10)
    .text(thanks, PAGE.margin, 260, { width: RIGHT - PAGE.margin })
}

const drawRow = (paper: Paper, row: Row) => {
  const y = row.top + 5
  paper.font('regular').fontSize(10).fillColor(INK)
  for (const cell of CELLS) {
    const { left, width, align } = COLUMNS[cell]
    paper.text(row[cell], left, y, { width, align, lineBreak: false })
  }
  const { left, width } = COLUMNS.product
  paper.text(row.product, left, y, { width })
  if (row.packing) paper.fontSize(8.5).fillColor(GREY).text(row.packing, left, paper.y, { width })
  rule(paper, row.top + row.height)
}

const drawTotals = (paper: Paper, totals: Confirmation['totals'], top: number) => {
  const left = COLUMNS.unitPrice.left
  for (const [index, { label, amount }] of totals.entries()) {
    const isLast = index === totals.length - 1
    const y = top + 12 + index * 19 + (isLast ? 6 : 0)
    if (isLast) rule(paper, y - 5, BLUE, left)
    paper
      .font(isLast ? 'bold' : 'regular')
      .fontSize(isLast ? 11.5 : 10)
      .fillColor(INK)
    paper.text(label, left, y, { width: 110, lineBreak: false })
    paper.text(amount, RIGHT - 110, y, { width: 110, align: 'right', lineBreak: false })
  }
}

const drawTable = (paper: Paper, page: Page) => {
  paper.font('bold').fontSize(8.5).fillColor(GREY)
  for (const { title, left, width, align } of COLUMN_LIST) {
    paper.text(title, left, page.tableTop - 18, { width, align, lineBreak: false })
  }
  rule(paper, page.tableTop - 3, BLUE)
  for (const row of page.rows) drawRow(paper, row)
}

const drawFoot = (paper: Paper, words: string) => {
  rule(paper, 784)
  paper.font('regular').fontSize(8.5).fillColor(GREY)
  paper.text(`${SHOP.name} · ${SHOP.email}`, PAGE.margin, 792, { lineBreak: false })
  paper.text(words, RIGHT - 260, 792, { width: 260, align: 'right', lineBreak: false })
}

/** Draws a laid out confirmation and gives the whole file. A layout can be drawn once. */
export const drawConfirmation = async ({ paper, confirmation }: LaidOut): Promise<Buffer> => {
  const { order, pages, totals } = confirmation
  const file = new Promise<Buffer>((resolve, reject) => {
    const chunks: Buffer[] = []
    paper.on('data', (chunk: Buffer) => chunks.push(chunk))
    paper.on('end', () => resolve(Buffer.concat(chunks)))
    paper.on('error', reject)
  })
  for (const [index, page] of pages.entries()) {
    paper.addPage()
    drawHead(paper)
    if (index === 0) drawOpening(paper, order)
    if (page.rows.length > 0) drawTable(paper, page)
    if (page.totalsTop !== undefined) drawTotals(paper, totals, page.totalsTop)
    drawFoot(paper, `Order ${order.id} · Page ${index + 1} of ${pages.length}`)
  }
  paper.end()
  return await file
}
