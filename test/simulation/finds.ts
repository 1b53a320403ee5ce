import { expect, it } from 'vitest'
import type { Planted } from './planted.ts'
import { runSeed } from './run.ts'

export interface FindsOptions {
  readonly seedsMost: number
  readonly timeoutMs: number
}

/** A simulator that finds nothing may be blind: each known mistake has to show within a bounded number of seeds. */
export function itFinds(mistakes: Readonly<Record<string, Planted>>, { seedsMost, timeoutMs }: FindsOptions): void {
  it.each(Object.entries(mistakes))(
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
    timeoutMs,
  )
}
