/** The shop's own transaction: the order and the task that it wants are both there, or neither is. */
import type { Database } from './database.ts'

export interface Order {
  readonly id: string
  readonly customer: string
}

export async function placeOrder(database: Database, { id, customer }: Order): Promise<void> {
  await database.transaction(async (tx) => {
    await tx.query('insert into orders (id, customer) values ($1, $2)', [id, customer])
    const wanted = JSON.stringify({ orderId: id })
    await tx.query("insert into outbox (command, arguments) values ('order.confirm', $1)", [wanted])
  })
}
