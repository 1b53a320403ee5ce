import type { Client } from 'taskurai/client'
import { orderConfirm } from './contracts.ts'

/** The same for a program that has a key: no token, no page. */
export async function orderAndWatch(client: Client, say: (line: string) => void): Promise<void> {
  const task = await client.submit(orderConfirm, { article: 'A lamp', seconds: 2 })
  for await (const { status, progress, result } of client.watch(task, { waitSeconds: 60 })) {
    say(`${status} ${progress?.percent ?? 0} % ${result?.output?.parcel ?? progress?.message ?? ''}`)
  }
}
