import { describe, expect, it } from 'vitest'
import { mistakes } from './planted.ts'
import { play } from './play.ts'
import { traceOf } from './traces.ts'

/** A simulation that finds nothing may be blind: each known mistake has to show. */
const seedsMost = 5

describe('the simulation of the scaler finds a planted mistake', () => {
  it.each(Object.entries(mistakes))(
    '%s',
    async (_, { planted, trace }) => {
      for (let seed = 1; seed <= seedsMost; seed++) {
        if ((await play(traceOf(trace), { planted, seed })).breach !== undefined) return
      }
      expect.fail(`not found in ${seedsMost} seeds`)
    },
    60_000,
  )
})
