/** From the outbox to the hub: each row is submitted until the hub has answered, and its answer is written down. */
import { type Client, TaskuraiError } from 'taskurai/client'
import { z } from 'zod'
import type { Database } from './database.ts'

const Row = z.object({ id: z.string(), command: z.string(), arguments: z.unknown() })
const rowsMost = 100

/** Submits what is in the outbox, oldest first; answers how many rows it settled. 0: there is nothing to do. */
export function relay(database: Database, hub: Client): Promise<number> {
  return database.transaction(async (tx) => {
    // Other relays skip the rows that this one holds; if it dies, its locks die with it.
    const { rows } = await tx.query(
      `select id, command, arguments from outbox where task_id is null and refusal is null
       order by place limit ${rowsMost} for update skip locked`,
    )
    for (const { id, command, arguments: input } of rows.map((row) => Row.parse(row))) {
      try {
        const task = await hub.submit(command, input, { idempotencyKey: id })
        await tx.query('update outbox set task_id = $2 where id = $1', [id, task.id])
      } catch (error) {
        // The hub will never take this one: somebody has to look. Anything else is tried again by the next relay.
        if (!(error instanceof TaskuraiError) || error.status !== 422) throw error
        await tx.query('update outbox set refusal = $2 where id = $1', [id, error.message])
      }
    }
    return rows.length
  })
}
