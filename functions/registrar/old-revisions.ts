import { generationOf } from '#core/contract/ecs-launch'
import type { Fleet } from '#core/workers/fleet'
import type { Revisions } from '#core/workers/revisions'
import type { World } from '#core/world'
import { dropChecked } from './checked-manifest.ts'

/** So many can be rolled back to. */
const revisionsKept = 5
/** What is left goes with the next deployment. */
const removedMost = 20

/** Nobody else takes revisions away: the template retains them, since one that is gone can be started no more. */
export async function removeOldRevisions(world: World, revisions: Revisions, fleet: Fleet): Promise<void> {
  const { worker } = fleet
  const [family = ''] = fleet.wanted.split(':', 1)
  const inUse = new Set([fleet.wanted, fleet.current, ...fleet.launches.map(({ generation }) => generation)])
  try {
    const old = (await revisions.active(family)).slice(revisionsKept)
    const unused = old.filter((revision) => !inUse.has(generationOf(revision)))
    for (const revision of unused.slice(0, removedMost)) {
      await revisions.deregister(revision)
      await dropChecked(world, worker, generationOf(revision))
    }
  } catch (error) {
    // Old revisions cost nothing: no deployment fails for them.
    world.log.warn('registrar.revisions-left', { worker, family, error: String(error) })
  }
}
