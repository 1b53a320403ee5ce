/**
 * Decides what stands on which page of a confirmation: words and positions only, no drawing. Rows are as high as
 * their text needs, a row is never cut, and the totals stay together.
 */
import { formatCents, lineAmountCents, type Order, type OrderLine, orderTotals } from './order.ts'

/** A4 in points, and the bands of the page that belong to head, table and foot. */
export const PAGE = {
  width: 595.28,
  height: 841.89,
  margin: 56,
  firstTableTop: 318,
  nextTableTop: 140,
  tableBottom: 752,
} as const

export const TOTALS_HEIGHT = 84
const ROW_PADDING = 10

export type Column = {
  readonly title: string
  readonly left: number
  readonly width: number
  readonly align: 'left' | 'right'
}

export const COLUMNS = {
  position: { title: 'Pos.', left: 56, width: 26, align: 'left' },
  product: { title: 'Article', left: 88, width: 192, align: 'left' },
  quantity: { title: 'Quantity', left: 286, width: 46, align: 'right' },
  unitPrice: { title: 'Unit price', left: 338, width: 62, align: 'right' },
  discount: { title: 'Discount', left: 406, width: 46, align: 'right' },
  amount: { title: 'Amount', left: 458, width: 81.28, align: 'right' },
} as const satisfies Record<string, Column>

export type Row = Readonly<Record<keyof typeof COLUMNS, string>> & {
  readonly packing: string
  readonly top: number
  readonly height: number
}

export type Page = { readonly rows: readonly Row[]; readonly tableTop: number; readonly totalsTop?: number }

export type Confirmation = {
  readonly order: Order
  readonly pages: readonly Page[]
  readonly totals: readonly { readonly label: string; readonly amount: string }[]
}

/** Answers how high a product's text stands in its column; the drawing side knows the fonts. */
export type MeasureProduct = (product: string, packing: string) => number

const rowOf = (line: OrderLine, index: number) => ({
  position: String(index + 1),
  product: line.product,
  packing: line.packing ?? '',
  quantity: String(line.quantity),
  unitPrice: formatCents(line.unitPriceCents),
  discount: line.discountPercent === 0 ? '' : `${line.discountPercent} %`,
  amount: formatCents(lineAmountCents(line)),
})

const paginate = (order: Order, measure: MeasureProduct): readonly Page[] => {
  const pages: Page[] = []
  let rows: Row[] = []
  let tableTop: number = PAGE.firstTableTop
  let top: number = tableTop
  const turnPage = () => {
    pages.push({ rows, tableTop })
    rows = []
    tableTop = PAGE.nextTableTop
    top = tableTop
  }
  for (const [index, line] of order.lines.entries()) {
    const row = rowOf(line, index)
    const height = measure(row.product, row.packing) + ROW_PADDING
    if (top + height > PAGE.tableBottom) turnPage()
    rows.push({ ...row, top, height })
    top += height
  }
  if (top + TOTALS_HEIGHT > PAGE.tableBottom) {
    // Totals never stand on a page alone: the last row goes with them.
    const last = rows.length > 1 ? rows.pop() : undefined
    turnPage()
    if (last) {
      rows.push({ ...last, top })
      top += last.height
    }
  }
  pages.push({ rows, tableTop, totalsTop: top })
  return pages
}

/** Lays an order out. */
export const layOut = (order: Order, measure: MeasureProduct): Confirmation => {
  const totals = orderTotals(order)
  return {
    order,
    pages: paginate(order, measure),
    totals: [
      { label: 'Goods', amount: formatCents(totals.goodsCents) },
      { label: 'Freight', amount: formatCents(totals.freightCents) },
      { label: `Total ${order.currency}`, amount: formatCents(totals.totalCents) },
    ],
  }
}
