import { commandPrefix, fleetKey, registryKey } from '../keys.ts'
import type { Item } from '../ports.ts'
import type { Principal, World } from '../world.ts'
import { changeFleet, type Fleet } from './fleet.ts'
import type { Registered } from './put-worker.ts'

export interface RemoveWorkerAsk {
  readonly worker: string
  /** A worker that another deployment has put since stays as it is. */
  readonly owner: string
  readonly by: Principal
}

const commandsMost = 1_000

/**
 * Drains a worker: nothing more is launched, its instances take nothing new and leave, its commands are refused. Tasks
 * that wait go on waiting and say why; whoever deploys the worker again has them. May be asked again at any point.
 */
export async function removeWorker(world: World, ask: RemoveWorkerAsk): Promise<'removed' | 'absent' | 'of-another'> {
  const { worker, owner, by } = ask
  const at = world.clock.now()
  const fleet = await changeFleet(world, worker, (standing) => {
    if (standing.owner !== owner || standing.removed !== undefined) return undefined
    return { ...standing, removed: { at, by }, breaker: undefined, refusal: undefined }
  })
  if (fleet === undefined) return 'absent'
  if (fleet.owner !== owner) return 'of-another'
  await refuseCommands(world, fleet, fleet.removed?.at ?? at)
  return 'removed'
}

async function refuseCommands(world: World, { worker, manifest }: Fleet, at: number): Promise<void> {
  const commands = [...new Set(manifest.commands.map(({ name }) => name))]
  const data: Registered = { name: worker, removed: { at, commands } }
  const line: Item = { ...registryKey(worker), born: world.ids.token(), n: 1, data }
  await world.store.commit({ write: { kind: 'put', item: line, condition: { kind: 'newer' } } })
  const { pk } = fleetKey(worker)
  const { items } = await world.store.list({ pk, prefix: commandPrefix, limit: commandsMost })
  for (const { sk } of items) {
    await world.store.commit({ write: { kind: 'delete', key: { pk, sk }, condition: { kind: 'any' } } })
  }
}
