import type { OpenWait } from '../contract/steps.ts'
import type { Head } from '../head.ts'
import { readHead } from '../tasks/move.ts'
import type { World } from '../world.ts'
import { type Children, childId, joinOf, readChildren } from './children.ts'
import { createsAtOnce, markChildren } from './create-children.ts'
import { eraOf } from './flow-of.ts'
import { addEnds } from './join.ts'
import { inChunks } from './list-all.ts'
import { rejoin } from './rejoin.ts'

/**
 * A wait that failed and is made again by a manual retry: what succeeded counts at once, what failed is begun anew. Its
 * marker is written when all that is done, so that whoever comes after a crash does it again. A `call` does this where it
 * makes its sub tasks.
 */
export async function beginAgain(world: World, parent: Head, waits: readonly OpenWait[]): Promise<void> {
  const era = eraOf(parent)
  const steps = waits.flatMap((wait) => (wait.kind === 'wait' ? wait.of.map(({ step }) => step) : []))
  const all = steps.length === 0 ? [] : await readChildren(world, parent)
  for (const before of all.filter(({ step, era: since }) => steps.includes(step) && since < era)) {
    const children: Children = { ...before, era }
    const indexes = Array.from({ length: before.count }, (_, index) => index)
    const kept: number[] = []
    const gone: number[] = []
    await inChunks(indexes, createsAtOnce, async (index) => {
      const head = await readHead(world, childId(world, parent, children, index))
      if (head === undefined) gone.push(index)
      else if ((await rejoin(world, head, era)) === 'succeeded') kept.push(index)
    })
    await addEnds(world, joinOf(parent, children), { ended: [...kept, ...gone], failed: gone })
    await markChildren(world, parent, before)
  }
}
