/** What the shop has sold. Stands for a database: rows are made up, always the same for one year. */
export interface Sale {
  readonly day: string
  readonly article: string
  readonly quantity: number
  readonly amountCents: number
}

const articles = ['chair', 'desk', 'lamp', 'shelf', 'rug']
const salesADay = 40
const dayMs = 86_400_000

export function* readSales(year: number): Generator<Sale> {
  const endMs = Date.UTC(year + 1, 0, 1)
  for (let atMs = Date.UTC(year, 0, 1), count = 0; atMs < endMs; atMs += dayMs) {
    const day = new Date(atMs).toISOString().slice(0, 10)
    for (let each = 0; each < salesADay; each++, count++) {
      const quantity = 1 + (count % 4)
      const article = articles[(count * 7 + year) % articles.length] ?? 'chair'
      yield { day, article, quantity, amountCents: quantity * (1_999 + (count % 90) * 50) }
    }
  }
}
