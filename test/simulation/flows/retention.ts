import { headSk } from '#core/keys'
import { headOf } from '#core/layout'
import { pause } from '../network.ts'
import { createProcess } from '../schedule.ts'
import type { Simulation } from '../simulation.ts'

/** The store's own removal of what is past its retention: some time later, and told by the feed as any removal. */
export async function removeExpired(simulation: Simulation): Promise<void> {
  const { cloud, network, random } = simulation
  const store = createProcess('store')
  for (;;) {
    await pause(network, store, random.pick([60_000, 600_000]))
    for (const item of [...cloud.table.all()]) {
      if (item.sk !== headSk || item.expiresAt === undefined || item.expiresAt > cloud.nowMs()) continue
      const { id } = headOf(item)
      simulation.say(store, () => `removes ${id.slice(-4)}`)
      simulation.removed.add(id)
      cloud.table.write({ kind: 'delete', key: item, condition: { kind: 'any' } })
    }
    network.onEffect()
  }
}
