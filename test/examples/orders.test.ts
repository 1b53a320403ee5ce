import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import PostalMime from 'postal-mime'
import { extractText } from 'unpdf'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { NewTask } from '#core/contract/new-task'
import { confirmOrder, type Watch } from '../../examples/orders/confirm-order.ts'
import { lineAmountCents, type Order, order, orderTotals } from '../../examples/orders/order.ts'
import { mailOrder } from '../../examples/orders/order-mail.ts'
import { readOrders } from '../../examples/orders/orders.ts'
import { exampleTasks } from '../../examples/orders/tasks.ts'

/** The amounts beside the lines are worked out on paper. */
const handMade: Order = order.parse({
  id: 'HAND-1',
  orderedOn: '2024-02-29',
  currency: 'EUR',
  customer: { number: 'ŁÓDŹ', contact: 'Zoë Wiśniewska', email: 'zoe@customers.example' },
  shipTo: { name: 'Gewürzhaus Süß & Söhne', street: 'Straße 1', city: 'Øster Åby', country: 'Danmark' },
  lines: [
    { product: 'Crème fraîche', packing: '12 - 200 g', quantity: 3, unitPriceCents: 1999, discountPercent: 15 }, // 50.97|45
    { product: 'Smørrebrød', quantity: 7, unitPriceCents: 35, discountPercent: 10 }, // 2.20|5, so 2.21
    { product: 'Jalapeño', quantity: 1000, unitPriceCents: 1250, discountPercent: 0 }, // 12,500.00
  ],
  freightCents: 805,
})

const realOrder = (id: string): Order => {
  for (const candidate of readOrders()) if (candidate.id === id) return candidate
  throw new Error(`no order ${id} in the data set`)
}

const pagesOf = async (pdf: Buffer): Promise<readonly string[]> => {
  const { text } = await extractText(new Uint8Array(pdf), { mergePages: false })
  return text.map((page) => page.replace(/\s+/g, ' '))
}

const endingAt = (percent: number): Watch => {
  const controller = new AbortController()
  const stage = (reached: number) => {
    if (reached >= percent) controller.abort(new Error('the hub went away'))
  }
  return { signal: controller.signal, stage }
}

let folder: string
let stages: string[]
let watch: Watch

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orders-'))
  stages = []
  watch = { signal: new AbortController().signal, stage: (percent, message) => stages.push(`${percent} ${message}`) }
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

const confirmed = async (of: Order): Promise<Buffer> => {
  const { file } = await confirmOrder(of, folder, watch)
  return await readFile(join(folder, file))
}

describe('the confirmation of an order', () => {
  it('is a PDF whose amounts are those worked out by hand', async () => {
    const result = await confirmOrder(handMade, folder, watch)
    expect(result).toMatchObject({ orderId: 'HAND-1', file: 'confirmations/order-HAND-1.pdf', totalCents: 1_256_123 })
    const pdf = await readFile(join(folder, result.file))
    expect(pdf.subarray(0, 5).toString('latin1')).toBe('%PDF-')
    expect(result).toMatchObject({ bytes: pdf.length, pages: 1 })
    const [page = ''] = await pagesOf(pdf)
    expect(page).toContain('19.99 15 % 50.97')
    expect(page).toContain('0.35 10 % 2.21')
    expect(page).toContain('12.50 12,500.00')
    expect(page).toMatch(/Goods 12,553\.18 Freight 8\.05 Total EUR 12,561\.23/)
    expect(page).toContain('Page 1 of 1')
  })

  it('keeps the letters of names, also beyond Western Europe', async () => {
    const [page = ''] = await pagesOf(await confirmed(handMade))
    for (const name of [
      'Gewürzhaus Süß & Söhne',
      'Zoë Wiśniewska',
      'ŁÓDŹ',
      'Øster Åby',
      'Crème fraîche',
      'Smørrebrød',
    ]) {
      expect(page).toContain(name)
    }
  })

  it('tells its stages', async () => {
    await confirmed(handMade)
    expect(stages.map((stage) => stage.replace(/\d{4,} bytes/, 'n bytes'))).toEqual([
      '10 read: 3 lines',
      '40 layout: 1 page',
      '80 rendered: n bytes',
      '100 written: confirmations/order-HAND-1.pdf',
    ])
  })

  it('turns the page for a long order and prints every line and one total', async () => {
    const long = realOrder('11077')
    const pages = await pagesOf(await confirmed(long))
    expect(pages).toHaveLength(2)
    for (const [index, page] of pages.entries()) expect(page).toContain(`Page ${index + 1} of 2`)
    for (const line of long.lines) expect(pages.join(' ')).toContain(line.product)
    expect(pages[0]).not.toContain('Total USD')
    expect(pages[1]).toContain('Goods 1,255.72 Freight 8.53 Total USD 1,264.25')
  })

  it('never leaves the totals alone on a page, whatever the number of lines', async () => {
    const [line] = handMade.lines
    for (let count = 9; count <= 13; count += 1) {
      const lines = Array.from({ length: count }, () => ({ ...line, product: 'Olives' }))
      const pages = await pagesOf(await confirmed(order.parse({ ...handMade, lines })))
      expect(pages.at(-1)).toMatch(/Olives.*Total EUR/)
    }
  })

  it('is the same file after a second run', async () => {
    const first = await confirmed(handMade)
    expect((await confirmed(handMade)).equals(first)).toBe(true)
    expect(await readdir(join(folder, 'confirmations'))).toEqual(['order-HAND-1.pdf'])
  })

  it('appears whole or not at all when a run is stopped, and the next run makes it', async () => {
    for (const percent of [10, 40, 80]) {
      await expect(confirmOrder(handMade, folder, endingAt(percent))).rejects.toThrow()
      expect(await readdir(folder, { recursive: true })).not.toContain('confirmations/order-HAND-1.pdf')
    }
    await confirmed(handMade)
    expect(await readdir(join(folder, 'confirmations'))).toEqual(['order-HAND-1.pdf'])
  })

  it('survives several instances that write the same order at once', async () => {
    const results = await Promise.all([1, 2, 3, 4].map(() => confirmOrder(handMade, folder, watch)))
    expect(new Set(results.map((result) => JSON.stringify(result))).size).toBe(1)
    expect(await readdir(join(folder, 'confirmations'))).toEqual(['order-HAND-1.pdf'])
  })
})

describe('the mail of an order', () => {
  it('carries exactly the PDF that order.confirm wrote', async () => {
    const pdf = await confirmed(handMade)
    const { file, to } = await mailOrder(handMade, folder, watch)
    expect({ file, to }).toEqual({ file: 'outbox/order-HAND-1.eml', to: 'zoe@customers.example' })
    const mail = await PostalMime.parse(await readFile(join(folder, file)))
    expect(mail.subject).toBe('Order HAND-1 for Gewürzhaus Süß & Söhne is confirmed')
    expect(mail.from).toMatchObject({ name: 'Northwind Traders', address: 'orders@northwind.example' })
    expect(mail.to).toMatchObject([{ name: 'Zoë Wiśniewska', address: 'zoe@customers.example' }])
    expect(mail.text).toContain('Dear Zoë Wiśniewska,')
    expect(mail.text).toContain('7 x Smørrebrød: EUR 2.21')
    expect(mail.text).toContain('Total: EUR 12,561.23')
    expect(mail.attachments).toHaveLength(1)
    const [attachment] = mail.attachments
    expect(attachment).toMatchObject({ filename: 'order-HAND-1.pdf', mimeType: 'application/pdf' })
    const content = attachment?.content
    if (!(content instanceof ArrayBuffer)) throw new Error('the attachment has no bytes')
    expect(Buffer.from(content).equals(pdf)).toBe(true)
  })

  it('makes the PDF itself when order.confirm has not run, and is the same after a second run', async () => {
    const { file, attachment } = await mailOrder(handMade, folder, watch)
    const first = await readFile(join(folder, file))
    expect(await confirmed(handMade)).toEqual(await readFile(join(folder, attachment)))
    await mailOrder(handMade, folder, watch)
    expect((await readFile(join(folder, file))).equals(first)).toBe(true)
    expect(await readdir(join(folder, 'outbox'))).toEqual(['order-HAND-1.eml'])
  })

  it('leaves nothing in the outbox when a run is stopped or the outbox cannot be written', async () => {
    await expect(mailOrder(handMade, folder, endingAt(80))).rejects.toThrow('aborted')
    expect(await readdir(folder, { recursive: true })).not.toContain('outbox/order-HAND-1.eml')
    await rm(join(folder, 'outbox'), { recursive: true, force: true })
    await writeFile(join(folder, 'outbox'), 'a file in the way')
    await expect(mailOrder(handMade, folder, watch)).rejects.toThrow(/EEXIST|ENOTDIR/)
  })
})

describe('the schema of an order', () => {
  const [line] = handMade.lines
  const refused: Record<string, unknown> = {
    'no lines': { ...handMade, lines: [] },
    'a negative quantity': { ...handMade, lines: [{ ...line, quantity: -1 }] },
    'a quantity of zero': { ...handMade, lines: [{ ...line, quantity: 0 }] },
    'half a piece': { ...handMade, lines: [{ ...line, quantity: 0.5 }] },
    'a fraction of a cent': { ...handMade, lines: [{ ...line, unitPriceCents: 10.5 }] },
    'an id that leaves the folder': { ...handMade, id: '../../order' },
    'a line break in the name of the addressee': {
      ...handMade,
      customer: { ...handMade.customer, contact: 'A\r\nBcc: all@customers.example' },
    },
    'a day that does not exist': { ...handMade, orderedOn: '2023-02-29' },
  }
  it.each(Object.keys(refused))('refuses %s', (what) => {
    expect(order.safeParse(refused[what]).success).toBe(false)
  })
})

describe('the data set', () => {
  it('gives all 830 orders, with the sum of sales that Northwind is known for', () => {
    const orders = [...readOrders()]
    expect(orders).toHaveLength(830)
    expect(orders.flatMap(({ lines }) => lines)).toHaveLength(2155)
    // 1,265,793.0395 before the rounding of each line: 2,155 lines can move it by at most half a cent each.
    const goodsCents = orders.reduce((sum, each) => sum + orderTotals(each).goodsCents, 0)
    expect(Math.abs(goodsCents - 126_579_303.95)).toBeLessThan(2155 / 2)
  })

  it('keeps the amounts and accents of a real order up to its papers', async () => {
    const real = realOrder('10249')
    expect(real.lines.map(lineAmountCents)).toEqual([16_740, 169_600])
    const { file, attachment } = await mailOrder(real, folder, watch)
    const [page = ''] = await pagesOf(await readFile(join(folder, attachment)))
    expect(page).toContain('Toms Spezialitäten')
    expect(page).toContain('44087 Münster')
    expect(page).toContain('Goods 1,863.40 Freight 11.61 Total USD 1,875.01')
    expect((await PostalMime.parse(await readFile(join(folder, file)))).subject).toContain('Toms Spezialitäten')
  })

  it('becomes two tasks an order, each fit for the hub', () => {
    const tasks = exampleTasks(3)
    expect(tasks.map(({ command, externalId }) => `${command} ${externalId}`)).toEqual(
      ['10248', '10249', '10250'].flatMap((id) => [`order.confirm ${id}`, `order.mail ${id}`]),
    )
    for (const task of exampleTasks(Number.POSITIVE_INFINITY)) {
      expect(NewTask.safeParse(task).success).toBe(true)
      expect(Buffer.byteLength(JSON.stringify(task))).toBeLessThan(4_096)
    }
    expect(exampleTasks(0)).toEqual([])
  })
})
