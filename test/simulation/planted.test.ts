import { describe, expect, it } from 'vitest'
import { planted } from './planted.ts'
import { runSeed } from './run.ts'

/** A simulator that finds nothing may be blind: each known mistake has to show within a bounded number of seeds. */
const seedsMost = 150

describe('the simulator finds a planted mistake', () => {
  it.each(Object.entries(planted))(
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
    120_000,
  )
})
