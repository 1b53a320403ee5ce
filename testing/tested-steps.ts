import type { Step } from '#core/contract/steps'
import type { Head } from '#core/head'
import { stepPrefix, waitPrefix } from '#core/keys'
import { readShownSteps } from '#functions/api/shown-steps'
import type { TestWorld } from './test-world.ts'

/** In the order in which they began: time stands still in a test, so that times alone do not tell it. */
export async function testedSteps(world: TestWorld, head: Head): Promise<readonly Step[]> {
  const began = new Map<string, number>()
  for (const { pk, sk } of world.table.changes) {
    if (pk !== `T#${head.id}`) continue
    const prefix = [stepPrefix(head.born), waitPrefix(head.born)].find((each) => sk.startsWith(each))
    const id = prefix === undefined ? undefined : sk.slice(prefix.length)
    if (id !== undefined && !began.has(id)) began.set(id, began.size)
  }
  const steps = await readShownSteps(world, head)
  return steps.sort((a, b) => (began.get(a.id) ?? 0) - (began.get(b.id) ?? 0))
}
