import { describe, expect, it } from 'vitest'
import { runSeed } from '../run.ts'
import { plantedFlows } from './planted-flows.ts'

/** As for plain tasks (../planted.test.ts): each known mistake has to show within a bounded number of seeds. */
const seedsMost = 200

describe('the simulator finds a planted mistake of workflows', () => {
  it.each(Object.entries(plantedFlows))(
    '%s',
    async (_, mistake) => {
      for (let seed = 1; seed <= seedsMost; seed++) {
        const { breach } = await runSeed(seed, mistake)
        if (breach === undefined) continue
        expect((await runSeed(seed, mistake)).breach, 'the replay of the same seed').toBe(breach)
        return
      }
      expect.fail(`not found in ${seedsMost} seeds`)
    },
    240_000,
  )
})
