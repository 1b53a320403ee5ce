/** How a help desk finds tasks, and changes many. */
import type { Client } from 'taskurai/client'

// #region find
export async function whatHappenedTo(hub: Client, orderId: string): Promise<readonly string[]> {
  const lines: string[] = []
  for await (const { createdAt, command, status } of hub.listAll({ externalId: orderId })) {
    lines.push(`${createdAt} ${command}: ${status}`)
  }
  return lines
}
// #endregion

// #region bulk
export async function retryFailed(hub: Client, region: string): Promise<number> {
  const bulk = await hub.bulk({
    action: 'retry',
    filter: { status: 'failed', tags: { region } },
    reason: `${region} is back`,
  })
  const { result } = await hub.wait(bulk)
  return result?.output?.changed ?? 0
}
// #endregion
