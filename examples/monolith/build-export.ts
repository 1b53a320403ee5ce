/** The slow part: all sales of a year as CSV. It knows neither Express nor the platform. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { readSales } from './sales.ts'

export interface Watch {
  readonly signal: AbortSignal
  readonly progress: (percent: number, message?: string) => void
}

export interface Built {
  readonly csv: string
  readonly rows: number
  readonly totalCents: number
}

export async function buildExport(year: number, { signal, progress }: Watch): Promise<Built> {
  const lines = ['day,article,quantity,amount']
  let totalCents = 0
  let month = ''
  for (const { day, article, quantity, amountCents } of readSales(year)) {
    if (!day.startsWith(month) || month === '') {
      month = day.slice(0, 7)
      progress((Number(month.slice(5)) - 1) * (100 / 12), month)
      await nextTurn()
      signal.throwIfAborted()
    }
    lines.push(`${day},${article},${quantity},${(amountCents / 100).toFixed(2)}`)
    totalCents += amountCents
  }
  return { csv: `${lines.join('\n')}\n`, rows: lines.length - 1, totalCents }
}
