/**
 * An order as it travels in a task's arguments, and the arithmetic of its amounts. All money is whole cents, so that
 * a sum on paper is the sum a customer gets with a pocket calculator.
 */
import { z } from 'zod'

export const LINES_MAX = 200
const QUANTITY_MAX = 10_000
const PRICE_CENTS_MAX = 10_000_000

// The limits keep every amount within its printed column, and all sums far below 2^53, where integers are exact.
const cents = z.int().min(0).max(PRICE_CENTS_MAX)

// No control characters: these words go into mail headers.
const words = (charsMax: number) =>
  z
    .string()
    .min(1)
    .max(charsMax)
    .regex(/^\P{Cc}+$/u)

const addressLine = words(60)

export const orderLine = z.object({
  product: words(120),
  packing: words(120).optional(),
  quantity: z.int().min(1).max(QUANTITY_MAX),
  unitPriceCents: cents,
  discountPercent: z.int().min(0).max(100),
})

export const order = z.object({
  /** Names files, hence the narrow alphabet. */
  id: z.string().regex(/^[A-Za-z0-9-]{1,16}$/),
  orderedOn: z.iso.date(),
  currency: z.string().regex(/^[A-Z]{3}$/),
  customer: z.object({
    number: words(12),
    contact: addressLine,
    // A plain pattern: the address must hold in any regular expression engine that reads the manifest.
    email: z
      .string()
      .max(200)
      .regex(/^[^\s@<>,;"]+@[A-Za-z0-9.-]+$/),
  }),
  shipTo: z.object({
    name: addressLine,
    street: addressLine,
    city: addressLine,
    postalCode: words(12).optional(),
    country: addressLine,
  }),
  lines: z.array(orderLine).min(1).max(LINES_MAX),
  freightCents: cents,
})

export type OrderLine = Readonly<z.infer<typeof orderLine>>
export type Order = Readonly<z.infer<typeof order>>

export type Totals = { readonly goodsCents: number; readonly freightCents: number; readonly totalCents: number }

/** The amount of one line after its discount, half a cent rounded up. */
export const lineAmountCents = ({ quantity, unitPriceCents, discountPercent }: OrderLine): number =>
  Math.floor((quantity * unitPriceCents * (100 - discountPercent) + 50) / 100)

/** Adds up rounded lines, as they are printed, so that the column always adds up to the total below it. */
export const orderTotals = ({ lines, freightCents }: Order): Totals => {
  const goodsCents = lines.reduce((sum, line) => sum + lineAmountCents(line), 0)
  return { goodsCents, freightCents, totalCents: goodsCents + freightCents }
}

/** `123450` becomes `1,234.50`; no floating point on the way. */
export const formatCents = (amountCents: number): string => {
  const whole = String(Math.floor(amountCents / 100)).replace(/\B(?=(\d{3})+$)/g, ',')
  return `${whole}.${String(amountCents % 100).padStart(2, '0')}`
}
