import { EcsLaunch } from '#core/contract/ecs-launch'
import { readFleet } from '#core/workers/fleet'
import { putWorker } from '#core/workers/put-worker'
import type { World } from '#core/world'
import type { RegisterWorker } from '#functions/worker-protocol/worker-calls'

/**
 * How an instance that nobody launched registers its worker. One that was deployed is what its deployment says: a
 * container that somebody starts beside it joins, and changes nothing. Any other is held to what the API demands.
 */
export function createRegisterByHand(world: World): RegisterWorker {
  return async (ask) => {
    if (EcsLaunch.safeParse(ask.launch).success) {
      const standing = await readFleet(world, ask.manifest.name)
      if (standing !== undefined) return standing.fleet
    }
    const { checkManifest } = await import('#functions/api/check-manifest')
    checkManifest(ask.manifest, '/manifest')
    return putWorker(world, ask)
  }
}
